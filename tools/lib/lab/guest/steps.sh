# shellcheck shell=sh
# Sourced by the jobs of a lab guest. A job is a list of trials; what begins and ends is told to the host in /out/log.
T=/sys/kernel/tracing
tell() { echo "$*" >>/out/log; }

# trial NAME RECORDER PROFILE SECONDS COMMANDS: records the commands; /out/NAME.RECORDER.* is what came of it.
trial() {
  name=$1 recorder=$2 profile=$3 seconds=$4
  out=/out/$name.$recorder
  echo "$5" >/tmp/commands
  tell "begin $name $recorder"
  echo "lab: $name with $recorder" >/dev/kmsg
  begun=$(cut -d' ' -f1 /proc/uptime)
  "by_$recorder" >"$out.txt" 2>&1
  code=$?
  tell "end $name $recorder $code $(echo "$(cut -d' ' -f1 /proc/uptime) $begun" | awk '{print $1 - $2}')"
}

# Gives the buffers their size, which the kernel does when the first event is enabled.
prepare() {
  echo 1 >$T/events/sched/sched_process_exec/enable
  echo 0 >$T/events/sched/sched_process_exec/enable
  echo >$T/trace
}

# For fixtures: of the kernel's symbols only the functions of memory and its users, so that a capture stays small.
few_symbols() {
  {
    grep -E ' (_text|_stext|_etext|vmemmap_base|page_offset_base)$' /proc/kallsyms
    grep -E ' [tT] .*(page|pfn|fault|remap|mmap|mprotect|unmap|copy_range|hva_|kvm|ttm_|drm_gem|dma_buf|follow_|grab|mmu_notif)' \
      /proc/kallsyms | grep -v -E 'trace|perf_|bpf|__pfx|_show$|_store$|sysfs|xas_|swiotlb|\.cold|\.part|nfs|ext4|__ia32|__x64'
  } >/tmp/commands.symbols
  mount --bind /tmp/commands.symbols /proc/kallsyms
}

by_plain() { timeout "$seconds" sh /tmp/commands; }

# Into memory, which the host's folder is not.
by_record() {
  timeout "$seconds" pageledger record "$@" --for "$profile" -o /tmp/capture.dat -- sh /tmp/commands
  code=$?
  mv /tmp/capture.dat "$out.dat"
  return $code
}

# Where there is no trace-cmd.
by_tracefs() { by_record --with tracefs; }

# The form for machines without PageLedger: busybox and tracefs alone.
by_script() {
  PATH=/bin:/lab/bin timeout "$seconds" sh "/tmp/script-$profile" -o /tmp/capture.tar -- /bin/sh /tmp/commands
  code=$?
  mv /tmp/capture.tar "$out.tar"
  return $code
}

# Tracepoints of this list that the kernel has; both peers get the same ones.
POINTS="page_ref/page_ref_set page_ref/page_ref_mod page_ref/page_ref_mod_and_test page_ref/page_ref_mod_and_return
 page_ref/page_ref_mod_unless page_ref/page_ref_freeze page_ref/page_ref_unfreeze kmem/mm_page_alloc kmem/mm_page_free
 kmem/mm_page_free_batched kvm/kvm_page_fault kvm/kvm_userspace_exit kvm/kvm_unmap_hva_range
 kvmmmu/kvm_mmu_spte_requested kvmmmu/kvm_mmu_set_spte kvmmmu/kvm_tdp_mmu_spte_changed
 migrate/set_migration_pte migrate/remove_migration_pte exceptions/page_fault_user"
points() {
  for point in $POINTS; do
    [ -d "$T/events/$point" ] && printf ' -e %s' "$(echo "$point" | tr / :)"
  done
}

# What ends sooner than trace-cmd has read the buffers leaves no events.
by_trace_cmd() {
  # shellcheck disable=SC2016 # for the shell that runs the commands
  echo 'code=$?; sleep 1; exit $code' >>/tmp/commands
  # shellcheck disable=SC2046 # options are meant to be split
  timeout "$seconds" trace-cmd record -q -C global -b 32768 $(points) -o "$out.dat" sh /tmp/commands
}

by_perf() {
  # shellcheck disable=SC2046
  timeout "$seconds" perf record -q -a -k mono -m 1024 $(points) -o "$out.dat" -- sh /tmp/commands
}

# saved FILE: waits until a flight recorder has saved its ring and looks out for the next cause.
saved() {
  for _ in $(seq 100); do [ ! -e "$1" ] || break; sleep 1; done
  sleep 12
}

# rings NAME PROFILE OPTIONS...: /tmp/commands under a flight recorder, then under a script's; $1-N.$2 is a ring that they wait for.
rings() {
  name=$1 profile=$2
  shift 2
  tracefs_state >"/out/$name-before.txt"
  pageledger record --for "$profile" --flight -o "/out/$name.record.dat" "$@" -- sh /tmp/commands "/out/$name.record" dat \
    >"/out/$name-record.log" 2>&1
  tracefs_state >"/out/$name-record.txt"
  pageledger record --for "$profile" --flight --script "$@" >"/tmp/script-$name"
  PATH=/bin:/lab/bin sh "/tmp/script-$name" -o "/tmp/$name.script.tar" -- /bin/sh /tmp/commands "/tmp/$name.script" tar \
    >"/out/$name-script.log" 2>&1
  mv "/tmp/$name.script"-*.tar /out/
  tracefs_state >"/out/$name-script.txt"
}

# All that a recorder may change in tracefs, as text.
tracefs_state() {
  for file in dynamic_events kprobe_events uprobe_events set_event trace_clock buffer_size_kb buffer_subbuf_size_kb \
    current_tracer set_event_pid set_event_notrace_pid set_ftrace_pid set_ftrace_filter set_ftrace_notrace \
    tracing_on tracing_cpumask trace_options tracing_thresh options/event-fork; do
    [ -e "$T/$file" ] || continue
    echo "== $file"
    cat "$T/$file"
  done
  echo "== instances"
  ls "$T/instances"
  echo "== filters and triggers"
  for group in page_ref kmem pagemap kvm kvmmmu migrate thp huge_memory mmap exceptions iommu dma printk sched; do
    grep -v '^none$' "$T/events/$group"/*/filter 2>/dev/null
    grep -v '^#' "$T/events/$group"/*/trigger 2>/dev/null
  done
  echo "== processes of tracing"
  for comm in /proc/[0-9]*/comm; do
    grep -E '^(trace-cmd|pageledger|perf)$' "$comm" 2>/dev/null
  done
  echo "== files that were left"
  find /tmp /run /var /etc -type f 2>/dev/null | grep -v -e '^/tmp/script-' -e '^/tmp/commands'
  return 0
}
