#!/bin/sh
# Analyzes the captures of a job once and writes each report that CI systems read:
#
#     pageledger-ci.sh OUT [OPTION...] CAPTURE...
#
# What follows OUT goes to `pageledger analyze`. PAGELEDGER names the command, FORMATS the reports (default: all below). With
# STRICT=0 findings and incomplete captures pass: only what could not be run fails then. The exit code is that of pageledger.
set -eu

[ $# -ge 2 ] || {
  echo "usage: ${0##*/} OUT [OPTION...] CAPTURE..." >&2
  exit 64
}
out=$1
shift
mkdir -p "$out"

for format in ${FORMATS:-sarif junit ktap github gitlab markdown html ndjson}; do
  case $format in
    junit) name=pageledger-junit.xml ;;
    github) name=pageledger-annotations.txt ;;
    gitlab) name=gl-code-quality-report.json ;;
    markdown) name=pageledger.md ;;
    *) name=pageledger.$format ;;
  esac
  set -- --report "$format=$out/$name" "$@"
done

status=0
"${PAGELEDGER:-pageledger}" analyze --quiet "$@" || status=$?

# GitHub takes annotations from the log and a summary from a file.
if [ "${GITHUB_ACTIONS:-}" = true ]; then
  if [ -f "$out/pageledger-annotations.txt" ]; then cat "$out/pageledger-annotations.txt"; fi
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$out/pageledger.md" ]; then
    cat "$out/pageledger.md" >>"$GITHUB_STEP_SUMMARY"
  fi
fi

case ${STRICT:-1}/$status in
  0/1 | 0/3) exit 0 ;;
esac
exit "$status"
