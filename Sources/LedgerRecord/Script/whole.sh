begin
put 1 "$I/tracing_on"
filters
(
  trap '' INT TERM HUP
  trap - EXIT
  while [ ! -e "$dir/stop" ]; do
    drain
    sleep 1
  done
) &
reader=$!
status=0
if [ $# -eq 0 ]; then
  say "recording until Ctrl-C"
  while [ -z "$stop" ]; do sleep 1; done
else
#@command
  status=$?
fi
filters
put 0 "$I/tracing_on"
trap '' INT TERM HUP
: > "$dir/stop"
wait "$reader"
rm -f "$dir/stop"
save
say "the capture is in $out"
