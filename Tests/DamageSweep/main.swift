// Sweeps the variants of one capture; started by tools/damage, which reads its lines and starts it again behind a variant that
// ended it.
//
//   damage-sweep CAPTURE SEED COUNT|all FROM STATUS-FILE
//   damage-sweep CAPTURE SEED dump NUMBER FILE
//   damage-sweep CAPTURE SEED records COUNT -
import Foundation
import HardeningSupport

func say(_ line: String) {
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

let words = CommandLine.arguments
guard words.count == 6, let seed = UInt64(words[2]), let from = Int(words[4]) else {
  say("skip")
  exit(0)
}
if words[3] == "records" {
  if let sweep = RecordSweep(path: words[1], seed: seed) {
    for number in 0..<from {
      alarm(600)
      sweep.complaints(number).forEach { say("bad \(number) \($0)") }
    }
    say("done")
  }
  exit(0)
}
guard let sweep = Sweep(path: words[1], seed: seed) else {
  say("skip")
  exit(0)
}
if words[3] == "dump" {
  try Data(sweep.plan.variant(from).bytes).write(to: URL(fileURLWithPath: words[5]))
  exit(0)
}
let chosen =
  words[3] == "all" ? Array(0..<sweep.plan.count) : sweep.plan.sample(Int(words[3]) ?? 100)
say("plan \(chosen.count) of \(sweep.plan.count), \(sweep.seconds) s, \(sweep.peak) KiB")
let status = open(words[5], O_WRONLY | O_CREAT, 0o600)
for (place, number) in chosen.enumerated() where place >= from {
  var mark = [Int64(place), Int64(number)]
  _ = pwrite(status, &mark, 16, 0)
  alarm(UInt32(min(600, 20 + 20 * sweep.seconds)))
  for complaint in sweep.complaints(number, measured: true) {
    say("bad \(number) \(complaint)")
  }
}
say("done")
