# trigger GROUP NAME COMMAND: what ends the ring.
trigger() {
  put "$3" "$I/events/$1/$2/trigger" || say "$1:$2: the kernel refuses the trigger: $3"
}

# dump CAUSE: saves the ring and begins a new one.
dump() {
  count=$((count + 1))
  dir=$stem-$count
  out=$dir$suffix
  filters
  put 0 "$I/tracing_on"
  begin
  save
  say "$out: $1"
  [ "$count" -lt 32 ] || say "32 captures: no more are written"
  : > "$I/trace"
  put 1 "$I/tracing_on"
  # What went wrong goes wrong again at once, as a rule.
  sleep 4
}

#@triggers
asked=
trap 'asked=1' USR1
put 1 "$I/tracing_on"
filters
count=0
status=0
child=
if [ $# -eq 0 ]; then
  say "keeping a ring until Ctrl-C; kill -USR1 $$ saves it"
else
  # What runs beside a shell would read from nowhere.
  exec 3<&0
#@command
  child=$!
fi
while [ -z "$stop" ]; do
  cause=
  read -r on < "$I/tracing_on"
  [ "$on" = 1 ] || cause='a trigger fired'
  [ -z "$asked" ] || cause='asked for by a signal'
  asked=
  if [ -n "$cause" ] && [ "$count" -lt 32 ]; then dump "$cause"; fi
  sleep 1
  if [ -n "$child" ] && ! kill -0 "$child" 2> /dev/null; then break; fi
done
trap '' INT TERM HUP USR1
if [ -n "$child" ]; then
  [ -z "$stop" ] || kill "$child" 2> /dev/null
  wait "$child"
  status=$?
fi
read -r on < "$I/tracing_on"
[ "$on" = 1 ] || [ "$count" -ge 32 ] || dump 'a trigger fired'
