internal import LedgerCore
internal import LedgerInput
internal import LedgerReport

extension BatchDriver {
  private static let stillbornLimit = 3

  /// Gives a lane its next input, and a worker when it has none.
  mutating func begin(_ number: Int) throws(WriteError) {
    guard lanes[number].job == nil else { return }
    guard let input = pending.popLast() else {
      lanes[number].worker = nil
      return
    }
    lanes[number].job = Job(input: input, deadline: deadline())
    if lanes[number].isFat { lanes[number].worker = nil }
    try start(number)
  }

  /// A worker that is there gets the lane's job; a new one gets it when it is ready.
  private mutating func start(_ number: Int) throws(WriteError) {
    if lanes[number].worker == nil {
      lanes[number].worker = try WorkerProcess(arguments: options.worker)
      lanes[number].isReady = false
      lanes[number].isFat = false
    } else if lanes[number].isReady {
      ask(number)
    }
  }

  private mutating func ask(_ number: Int) {
    guard let job = lanes[number].job else { return }
    let end = deadline()
    lanes[number].job?.deadline = end
    lanes[number].job?.begun = FileIdentity.now()
    // When it does not listen any more its end is seen at the next look.
    _ = lanes[number].worker?.ask(inputs[job.input], skip: job.finished)
  }

  private func deadline() -> ContinuousClock.Instant {
    .now + .seconds(Int64(clamping: min(options.limits.seconds, 1 << 32)))
  }

  /// Takes what a worker has to say.
  mutating func listen(_ number: Int) throws(WriteError) {
    guard let isAlive = lanes[number].worker?.receive() else { return }
    while let message = try lanes[number].worker?.next() { try take(message, number) }
    if !isAlive { try bury(number) }
  }

  private mutating func take(_ message: WorkerProcess.Message, _ number: Int) throws(WriteError) {
    let end = deadline()
    lanes[number].job?.deadline = end
    switch message {
    case .ready:
      lanes[number].isReady = true
      lanes[number].stillborn = 0
      ask(number)
    case .content(let key): try meet(key, number)
    case .begins(let member): lanes[number].job?.member = member
    case .capture(let rows, let details): try keep(rows, details, number)
    case .ends(let rows):
      lanes[number].job?.rows += rows
      try finish(number)
    }
  }

  /// A worker has read what its input contains.
  private mutating func meet(_ found: ContentKey?, _ number: Int) throws(WriteError) {
    guard let job = lanes[number].job else { return }
    let key = found ?? nameKey(inputs[job.input])
    if let before = job.key, before != key {
      // The file has changed under the worker that died.
      _ = lanes[number].worker?.answer(goOn: false)
      waiting[before, default: []].append(job.input)
      release(before)
      lanes[number].job = nil
      return
    }
    if job.key == nil, store.has(key, under: options.limits) {
      _ = lanes[number].worker?.answer(goOn: false)
      try settle(job.input, key, begun: job.begun, lane: number)
      lanes[number].job = nil
    } else if job.key == nil, waiting[key] != nil {
      _ = lanes[number].worker?.answer(goOn: false)
      waiting[key]?.append(job.input)
      lanes[number].job = nil
    } else {
      if job.key == nil { waiting[key] = [] }
      lanes[number].job?.key = key
      _ = lanes[number].worker?.answer(goOn: true)
    }
  }

  /// Stands for the content of what cannot be read.
  private func nameKey(_ input: BatchInput) -> ContentKey {
    var words = "\(options.salt.hex)\n\(input.path)\n"
    if let identity = input.identity { words += "\(identity)" }
    return ContentKey(of: Array(words.utf8))
  }

  /// Lets inputs that waited for a result be read themselves.
  private mutating func release(_ key: ContentKey) {
    pending += waiting.removeValue(forKey: key) ?? []
  }

  private mutating func keep(_ rows: [UInt8], _ details: [UInt8], _ number: Int)
    throws(WriteError)
  {
    lanes[number].job?.rows += rows
    lanes[number].job?.details += details
    lanes[number].job?.finished += 1
    lanes[number].job?.member = nil
    lanes[number].job?.isRetry = false
    lanes[number].job?.isKilled = nil
    guard let job = lanes[number].job, job.rows.count + job.details.count > Self.partSize else {
      return
    }
    try write(number, isLast: false)
  }

  private mutating func write(_ number: Int, isLast: Bool) throws(WriteError) {
    guard var job = lanes[number].job, let key = job.key else { return }
    var result = ShardRecord.Result(key: key)
    result.part = job.part
    result.isLast = isLast
    result.limits = job.limits
    try store.append(
      result, rows: job.rows, details: job.details, worker: number, &job.place)
    job.part += 1
    job.rows = []
    job.details = []
    lanes[number].job = job
  }

  /// An input has all its rows.
  private mutating func finish(_ number: Int) throws(WriteError) {
    guard let job = lanes[number].job, let key = job.key else { return }
    try write(number, isLast: true)
    try settle(job.input, key, begun: job.begun, lane: number)
    for input in waiting.removeValue(forKey: key) ?? [] {
      try settle(input, key, begun: job.begun, lane: number)
    }
    lanes[number].job = nil
  }

  /// Notes the content of an input; its file is trusted to show a change only if it is old enough and looks as it did.
  private mutating func settle(_ number: Int, _ key: ContentKey, begun: Int64, lane: Int)
    throws(WriteError)
  {
    let input = inputs[number]
    let isSettled =
      input.isFolder
      ? input.identity?.isSettled(at: begun) ?? false
      : input.identity.map { $0.isSettled(at: begun) && FileIdentity(path: input.path) == $0 }
        ?? false
    try store.append(
      input, key: key, salt: options.salt, isSettled: isSettled, worker: lane)
    note(done: number)
  }
}

extension BatchDriver {
  /// Ends workers that take too long or too much.
  mutating func look(_ now: ContinuousClock.Instant) throws(WriteError) {
    for number in lanes.indices {
      guard let process = lanes[number].worker?.process, let job = lanes[number].job else {
        continue
      }
      if lanes[number].isReady, now > job.deadline {
        try end(number, process, "timeout")
      } else if now >= lanes[number].nextLook {
        lanes[number].nextLook = now + .milliseconds(100)
        let bytes = process.residentBytes
        lanes[number].isFat = bytes > options.limits.bytes / 2
        if bytes > options.limits.bytes { try end(number, process, "memory") }
      }
    }
  }

  /// Kills a worker and hears what it said before.
  private mutating func end(_ number: Int, _ process: ChildProcess, _ reason: String)
    throws(WriteError)
  {
    lanes[number].job?.isKilled = reason
    process.kill()
    _ = process.wait()
    try listen(number)
  }

  /// A worker is dead: its job goes on with another one.
  private mutating func bury(_ number: Int) throws(WriteError) {
    guard let process = lanes[number].worker?.process else { return }
    let end = process.wait()
    lanes[number].worker = nil
    guard var job = lanes[number].job else { return }
    guard lanes[number].isReady else {
      lanes[number].stillborn += 1
      guard lanes[number].stillborn < Self.stillbornLimit else {
        throw .failed(reason: "workers cannot be started: the first one ended with \(end)")
      }
      return try start(number)
    }
    let killed = job.isKilled
    job.isKilled = nil
    if job.key == nil, killed != nil || job.isRetry {
      job.key = nameKey(inputs[job.input])
      waiting[job.key ?? ContentKey(high: 0, low: 0), default: []] += []
      lanes[number].job = job
      try blame(number, killed, end)
      return try finish(number)
    }
    guard killed == "timeout" || job.isRetry else {
      job.isRetry = true
      lanes[number].job = job
      return try start(number)
    }
    let isBetween = job.member == nil
    lanes[number].job = job
    try blame(number, killed, end)
    // What dies between two captures would die there again.
    if isBetween { return try finish(number) }
    try start(number)
  }

  /// Writes the row of a capture that has killed its worker.
  private mutating func blame(_ number: Int, _ killed: String?, _ end: ProcessEnd)
    throws(WriteError)
  {
    guard let job = lanes[number].job else { return }
    progress.failures += 1
    let limits = options.limits
    let error =
      switch (killed, end) {
      case ("timeout", _): "not finished after \(limits.seconds) s"
      case ("memory", _): "takes more than \(limits.bytes >> 20) MB of memory"
      case (_, .signal(let signal)): "the worker was ended by signal \(signal)"
      case (_, .code(let code)): "the worker ended with code \(code)"
      }
    var writer = JSONWriter()
    CaptureRow(
      member: job.member ?? "", status: killed == "timeout" ? .timeout : .crash, error: error
    ).write(to: &writer)
    lanes[number].job?.limits = limits
    try keep(writer.bytes, [], number)
  }
}
