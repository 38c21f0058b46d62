import LedgerInput

/// Empties the ring buffers of an instance, all CPUs in turn.
final class BufferReader {
  /// In the order of the CPUs' numbers.
  let buffers: [RawBuffer]
  /// Bytes of a sub-buffer.
  let unit: Int

  /// Opens the buffers of all CPUs; `output` is the file that the data is for.
  init(folder: String, tracefs: String, output: String) throws(RecordError) {
    unit = Self.unit(HostFile.text("\(tracefs)/events/header_page") ?? "")
    let parts = output.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let room = parts.isEmpty ? "." : parts.joined(separator: "/") + "/"
    var found: [RawBuffer] = []
    do throws(WriteError) {
      for name in HostFile.names(in: "\(folder)/per_cpu") {
        guard name.hasPrefix("cpu"), let cpu = Int(name.dropFirst(3)) else { continue }
        found.append(
          try RawBuffer(
            cpu: cpu, path: "\(folder)/per_cpu/\(name)/trace_pipe_raw", unit: unit, folder: room))
      }
    } catch {
      throw .unusable(reason: error.reason)
    }
    guard !found.isEmpty else { throw .unusable(reason: "\(folder)/per_cpu holds no CPU") }
    buffers = found.sorted { $0.cpu < $1.cpu }
  }

  /// `field: char data; offset:16; size:4080;`. kernel/trace/ring_buffer.c:ring_buffer_print_page_header
  static func unit(_ header: String) -> Int {
    for line in header.split(separator: "\n") where line.contains(" data;") {
      let numbers = line.split { $0 == ";" || $0 == "\t" || $0 == " " }.compactMap { word in
        word.split(separator: ":").last.flatMap { Int($0) }
      }
      if numbers.count >= 2, (1024...(1 << 22)).contains(numbers[0] + numbers[1]) {
        return numbers[0] + numbers[1]
      }
    }
    return 4096
  }

  func drain() throws(RecordError) {
    do throws(WriteError) {
      for buffer in buffers { try buffer.drain() }
    } catch { throw .unusable(reason: error.reason) }
  }

  func finish() throws(RecordError) {
    do throws(WriteError) {
      for buffer in buffers { try buffer.finish() }
    } catch { throw .unusable(reason: error.reason) }
  }

  func reset() throws(RecordError) {
    do throws(WriteError) {
      for buffer in buffers { try buffer.reset() }
    } catch { throw .unusable(reason: error.reason) }
  }
}

extension WriteError {
  /// A line for a terminal.
  var reason: String {
    switch self {
    case .closed: "the reader of the output is gone"
    case .failed(let reason): reason
    }
  }
}
