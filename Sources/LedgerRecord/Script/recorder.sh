#!/bin/sh
#@title
#
#   sh THIS [-o FOLDER|FILE.tar] [COMMAND...]
#
# Needs a POSIX shell, cat, dd, sed, sleep, mkdir, rmdir and root; tar for FILE.tar. Records until COMMAND ends, or until Ctrl-C
# without one, in an instance of tracefs of its own, and removes all that it made. The folder is what pageledger reads:
#   pageledger FOLDER
# shellcheck disable=SC2016,SC2317 # $arg1 is a word for the kernel; a trap calls remove
set -u
umask 077
say() { printf '%s\n' "record: $*" >&2; }
die() { say "$*"; exit 2; }

# Who asks whether this process still records finds the answer in its environment.
if [ "${PAGELEDGER_RECORD-}" != "$$" ]; then
  PAGELEDGER_RECORD=$$
  export PAGELEDGER_RECORD
  exec sh "$0" "$@"
fi

out=pageledger-capture
while [ $# -gt 0 ]; do
  case $1 in
    -o) [ $# -gt 1 ] || die "-o needs a name"; out=$2; shift 2 ;;
    --) shift; break ;;
    -*) die "usage: sh $0 [-o FOLDER|FILE.tar] [COMMAND...]" ;;
    *) break ;;
  esac
done
dir=$out
case $out in *.tar) dir=${out%.tar} ;; esac
#@names

T=
for d in /sys/kernel/tracing /sys/kernel/debug/tracing; do
  [ -d "$d/instances" ] && T=$d && break
done
[ -n "$T" ] || die "tracefs is not mounted, or not for you: as root, mount -t tracefs nodev /sys/kernel/tracing"
[ -w "$T/instances" ] || die "$T: not writable; run as root"
P=$T/dynamic_events
[ -e "$P" ] || P=$T/kprobe_events
I=$T/instances/pageledger-$$
G=pageledger_$$
names=
enabled=

# put TEXT FILE: one write; false when the kernel refuses.
put() { { printf '%s\n' "$1" > "$2"; } 2> /dev/null; }

remove() {
  trap '' INT TERM HUP
  put 0 "$I/tracing_on"
  put 0 "$I/events/enable"
  tries=0
  while [ -d "$I" ] && ! rmdir "$I" 2> /dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 10 ] || { say "$I stays: it is in use"; break; }
    sleep 1
  done
  for n in $names; do
    { printf '%s\n' "-:$G/$n" >> "$P"; } 2> /dev/null || say "the probe $G/$n stays"
  done
}

# probe NAME TYPE REST [TYPE REST...]: defines the first form that the kernel takes.
probe() {
  n=$1
  shift
  while [ $# -gt 1 ]; do
    if { printf '%s\n' "$1:$G/$n $2" >> "$P"; } 2> /dev/null; then
      names="$names $n"
      event "$G" "$n"
      return
    fi
    shift 2
  done
  say "$n: the kernel refuses this probe"
}

# event GROUP NAME [FILTER]: records an event of the kernel.
event() {
  e=$I/events/$1/$2
  if [ ! -d "$e" ]; then
    say "$1:$2: this kernel does not have it"
  elif [ -n "${3-}" ] && ! put "$3" "$e/filter"; then
    say "$1:$2: the kernel refuses its filter"
  elif put 1 "$e/enable"; then
    enabled="$enabled $1/$2"
  else
    say "$1:$2: the kernel refuses it"
  fi
}

# chain GROUP NAME CONDITION: records call chains with an event.
chain() { [ ! -d "$I/events/$1/$2" ] || put "stacktrace if $3" "$I/events/$1/$2/trigger" || :; }

# stat CPU KEY: a number of a CPU's statistics.
stat() {
  found=0
  while read -r k v _; do
    case $k in "$2:") found=$v ;; esac
  done < "$I/per_cpu/$1/stats"
}

# take CPU COUNT: that many sub-buffers.
take() {
  dd if="$I/per_cpu/$1/trace_pipe_raw" bs="$unit" count="$2" >> "$dir/per_cpu/$1/trace_pipe_raw" 2> /dev/null
}

# Only what is full: a reader that takes every event as it comes makes more of them than the command does.
drain() {
  for c in "$I"/per_cpu/cpu*; do
    c=${c##*/}
    stat "$c" bytes
    full=$((found / unit - 1))
    [ "$full" -le 0 ] || take "$c" "$full"
  done
}

finish() {
  drain
  for c in "$I"/per_cpu/cpu*; do
    c=${c##*/}
    tries=0
    stat "$c" entries
    while [ "$found" -gt 0 ] && [ "$tries" -lt 64 ]; do
      take "$c" 1
      tries=$((tries + 1))
      stat "$c" entries
    done
    cat "$I/per_cpu/$c/stats" > "$dir/per_cpu/$c/stats"
  done
}

# begin: folders for a capture.
begin() {
  mkdir -p "$dir" || die "$dir: cannot be made"
  for c in "$I"/per_cpu/cpu*; do
    mkdir -p "$dir/per_cpu/${c##*/}"
    : > "$dir/per_cpu/${c##*/}/trace_pipe_raw"
  done
}

copy() { cat "$1" > "$2" 2> /dev/null || :; }

describe() {
  mkdir -p "$dir/events/ftrace"
  copy "$T/events/header_page" "$dir/events/header_page"
  copy "$T/events/header_event" "$dir/events/header_event"
  for f in "$T"/events/ftrace/*/format; do
    f=${f%/format}
    mkdir -p "$dir/events/ftrace/${f##*/}"
    copy "$f/format" "$dir/events/ftrace/${f##*/}/format"
  done
  for e in $enabled; do
    mkdir -p "$dir/events/$e"
    copy "$I/events/$e/format" "$dir/events/$e/format"
    copy "$I/events/$e/filter" "$dir/events/$e/filter"
  done
  for f in trace_clock buffer_size_kb buffer_total_size_kb tracing_cpumask; do
    copy "$I/$f" "$dir/$f"
  done
  for f in saved_cmdlines printk_formats; do copy "$T/$f" "$dir/$f"; done
  copy /proc/kallsyms "$dir/kallsyms"
  uname -a > "$dir/uname"
}

# save: what is left in the buffers, and what describes it.
save() {
  finish
  describe
  case $out in
    *.tar) if tar cf "$out" "$dir"; then rm -r "$dir"; else say "tar failed; the capture is in $dir"; fi ;;
  esac
}

filters() {
  :
#@filters
}

mkdir "$I" || die "$I: cannot be made; run as root"
trap remove EXIT
trap 'stop=1' INT TERM HUP
stop=
put 0 "$I/tracing_on"
#@settings
put 1 "$I/options/record-cmd"
sizes=$(sed -n 's/.*char data;.*offset:\([0-9]*\);.*size:\([0-9]*\);.*/\1 + \2/p' "$T/events/header_page")
unit=$((${sizes:-4096}))
#@probes
#@events
[ -n "$enabled" ] || die "the kernel takes no event of this plan"
# After the events: before them it would keep the kernel's own buffer small, up to 6.6.
#@size
#@run
exit "$status"
