"""Draws chart.svg from what `cargo bench` measured. usage: chart.py RESULTS.json CHART.svg"""

import json
import sys
from xml.sax.saxutils import escape

# Work, title, figure, unit, whether more is better, who is shown.
PANELS = [
    ("get", "One warm get, microseconds (less is better)", "p50", False, [
        ("raw socket", "raw socket (the floor)"),
        ("C library + yyjson", "C library + yyjson"),
        ("Rust client, typed", "Rust client"),
        ("libcurl + yyjson", "libcurl + yyjson"),
        ("ureq 3 + serde", "ureq 3"),
        ("reqwest blocking + serde", "reqwest blocking"),
        ("ureq 3 with a timeout + serde", "ureq 3 with a timeout"),
        ("Python file + json.loads", "Python file"),
        ("Sinch SDK for Node", "Sinch SDK for Node"),
        ("Sinch SDK for Python", "Sinch SDK for Python"),
    ]),
    ("list-1000", "List 100,000 numbers, thousands a second (more is better)", "rate", True, [
        ("libcurl + yyjson", "libcurl + yyjson"),
        ("C library + yyjson", "C library + yyjson"),
        ("Rust client, typed", "Rust client"),
        ("reqwest blocking + serde", "reqwest blocking"),
        ("ureq 3 + serde", "ureq 3"),
        ("Python file + json.loads", "Python file"),
        ("Sinch SDK for Node", "Sinch SDK for Node"),
        ("Sinch SDK for Python", "Sinch SDK for Python"),
    ]),
    ("start", "Start, token, one get, exit: milliseconds (less is better)", "p50", False, [
        ("C library + yyjson", "C library"),
        ("libcurl + yyjson", "libcurl"),
    ]),
    ("start-tls", "The same over TLS, with every root: milliseconds", "p50", False, [
        ("C library + yyjson", "C library"),
        ("libcurl + yyjson", "libcurl with OpenSSL"),
    ]),
]

WIDTH, LABELS, VALUES, ROW, HEAD, GAP = 760, 190, 70, 20, 26, 14
OURS, OTHERS, TEXT = "#0b7285", "#adb5bd", "#495057"


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def panel(work, title, figure, rows, scale, top):
    """The lines of one panel, and how high it is."""
    of = {contender["name"]: contender for contender in work["contenders"]}
    shown = [(label, of[name]["figures"][figure] * scale, of[name]["ours"]) for name, label in rows if name in of]
    shown.sort(key=lambda row: row[1], reverse=figure == "rate")
    longest = max(value for _, value, _ in shown)
    room = WIDTH - LABELS - VALUES
    # One that is far behind must not make the others invisible: its bar is cut.
    cut = min(longest, 8 * sorted(value for _, value, _ in shown)[len(shown) // 2])
    lines = [f'<text x="0" y="{top + 15}" font-weight="bold">{escape(title)}</text>']
    for index, (label, value, ours) in enumerate(shown):
        y = top + HEAD + index * ROW
        length = max(1, room * min(value, cut) / cut)
        colour = OURS if ours else OTHERS
        weight = ' font-weight="bold"' if ours else ""
        lines.append(f'<text x="{LABELS - 8}" y="{y + 12}" text-anchor="end"{weight}>{escape(label)}</text>')
        lines.append(f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{ROW - 5}" rx="2" fill="{colour}"/>')
        if value > cut:
            middle = LABELS + length * 0.92
            lines.append(
                f'<path d="M{middle:.0f} {y + ROW - 3} l6 -{ROW - 1} h6 l-6 {ROW - 1} z" fill="#ffffff"/>'
            )
        lines.append(f'<text x="{LABELS + length + 6:.1f}" y="{y + 12}">{number(value)}</text>')
    return lines, HEAD + len(shown) * ROW + GAP


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        works = {work["id"]: work for work in json.load(file)["works"]}
    body, top = [], 8
    for name, title, figure, more, rows in PANELS:
        if name in works:
            scale = 1e-3 if more or name.startswith("start") else 1
            lines, height = panel(works[name], title, figure, rows, scale, top)
            body += lines
            top += height
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {WIDTH + 20} {top}" width="{WIDTH + 20}" height="{top}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{TEXT}">',
        "<title>sinch-numbers beside other clients, on the loopback interface</title>",
        f'<rect x="-10" width="{WIDTH + 20}" height="{top}" fill="#ffffff"/>',
        *body,
        "</svg>",
    ]
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(svg) + "\n")


main()
