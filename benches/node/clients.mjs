// The vendor's SDK for Node. usage: clients.mjs get|list URL COUNT [PAGE]
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

// The packages are in the cache, not beside this file.
const { SinchClient } = createRequire(path.join(process.env.NODE_CACHE, 'index.js'))('@sinch/sdk-core');

const NUMBER = '+12025550000';
const PROJECT = '51bc3f40-f266-4ca8-8938-a1ed0ff32b9a';
const FLEET = 100000;

const table = Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value >>> 0;
});

function crc32(text, crc) {
  crc = ~crc;
  for (const byte of Buffer.from(text)) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

// The fields of a number, in the order of c/bench.h.
function lineOf(number) {
  const seconds = (time) => (time instanceof Date ? time.toISOString() : (time ?? '')).slice(0, 19);
  const list = (values) => (values ?? []).map((value) => `${value},`).join('');
  const sms = number.smsConfiguration ?? {};
  const smsJob = sms.scheduledProvisioning ?? {};
  const voice = number.voiceConfiguration ?? {};
  const job = voice.scheduledVoiceProvisioning ?? {};
  const parts = [
    number.phoneNumber, number.projectId, number.displayName, number.regionCode, number.type, list(number.capability),
    number.money?.currencyCode, number.money?.amount, number.paymentIntervalMonths, seconds(number.nextChargeDate),
    seconds(number.expireAt), sms.servicePlanId, sms.campaignId, smsJob.servicePlanId, smsJob.campaignId, smsJob.status,
    seconds(smsJob.lastUpdatedTime), list(smsJob.errorCodes), voice.type, voice.appId, voice.trunkId, voice.serviceId,
    seconds(voice.lastUpdatedTime), job.type, job.status, seconds(job.lastUpdatedTime), job.appId, job.trunkId,
    job.serviceId, number.callbackUrl,
  ];
  return `${parts.map((part) => part ?? '').join('|')}\n`;
}

function cpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function say(figures) {
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  console.log(JSON.stringify({ ...figures, peak }));
}

const [work, url, times, page] = process.argv.slice(2);
const count = Number(times);
const hex = (sum) => sum.toString(16).padStart(8, '0');
const client = new SinchClient({
  projectId: PROJECT, keyId: 'key', keySecret: 'secret', numbersHostname: url, authHostname: url,
});
if (work === 'get') {
  const get = () => client.numbers.get({ phoneNumber: NUMBER });
  let sum = 0;
  for (let i = 0; i < 50; i++) sum = crc32(lineOf(await get()), 0);
  const took = [];
  let used = cpu();
  for (let i = 0; i < count; i++) {
    const began = process.hrtime.bigint();
    await get();
    took.push(Number(process.hrtime.bigint() - began) / 1e3);
  }
  used = (cpu() - used) / count;
  took.sort((left, right) => left - right);
  const at = (share) => took[Math.floor(count * share)];
  say({ p50: at(0.5), p99: at(0.99), cpu: used, sum: hex(sum) });
} else {
  const list = () => client.numbers.list({ pageSize: Number(page) });
  let sum = 0;
  let seen = 0;
  for await (const number of list()) {
    sum = crc32(lineOf(number), sum);
    seen++;
  }
  let used = cpu();
  const began = process.hrtime.bigint();
  for (let i = 0; i < count; i++) {
    let again = 0;
    for await (const number of list()) again += number ? 1 : 0;
    if (again !== seen) throw new Error(`${again} numbers, not ${seen}`);
  }
  const took = Number(process.hrtime.bigint() - began) / 1e9;
  used = cpu() - used;
  const numbers = count * FLEET;
  say({ rate: Math.round(numbers / took), cpu: used / numbers, numbers: seen, sum: hex(sum) });
}
