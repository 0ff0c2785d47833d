#!/usr/bin/env bash
# Jobs of many numbers (relink, emergency addresses, release) on a service that loses responses and lands writes late, each killed
# at 20 random moments: every number ends as planned or stands in the report with its reason, and no write was in vain.
# Usage: tests/gates/jobs.sh [NUMBERS]   by default 2,000
source "$(dirname "$0")/common.sh"

step "${1:-2000} numbers"
SINCH_NUMBERS_JOB=${1:-2000} cargo test --quiet --test it cli::killed
passed
