#!/bin/sh
# Tells LAVA the results in a KTAP report of pageledger, one test case a rule; KernelCI reads them from LAVA's job.
#
#     ktap-to-lava.sh pageledger.ktap
#
# Inside a LAVA job `lava-test-case` is called; elsewhere its command lines are printed.
set -eu

[ $# -eq 1 ] && [ -r "$1" ] || {
  echo "usage: ${0##*/} KTAP" >&2
  exit 64
}

# Only results of rules: two blanks in front. A rule that failed in one capture has failed; one that no capture decided is
# skipped. Names are those of LAVA: letters, digits, `-`, `_`.
awk '
  /^  (not )?ok [0-9]+ / {
    result = /^  not / ? "fail" : (/ # SKIP/ ? "skip" : "pass")
    name = $0
    sub(/^  (not )?ok [0-9]+ /, "", name)
    sub(/ # SKIP.*/, "", name)
    gsub(/[^A-Za-z0-9_-]+/, "-", name)
    sub(/-+$/, "", name)
    if (!(name in results)) { order[++count] = name; results[name] = result }
    else if (result == "fail" || results[name] == "skip") {
      if (results[name] != "fail") results[name] = result
    }
  }
  END { for (place = 1; place <= count; place++) print order[place], results[order[place]] }
' "$1" |
  while read -r name result; do
    if command -v lava-test-case >/dev/null 2>&1; then
      lava-test-case "$name" --result "$result"
    else
      echo "lava-test-case $name --result $result"
    fi
  done
