public import LedgerCore

/// The difference of two runs as JSON, schema `pageledger.diff/1`.
public struct DifferenceDocument {
  /// Name and major version of the schema.
  public static let schema = "pageledger.diff/1"
  private let difference: Difference

  /// A document about two runs.
  public init(_ difference: Difference) { self.difference = difference }

  /// One JSON object and a newline.
  public func json() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("schema", Self.schema)
      writer.member("earlier", difference.earlier)
      writer.member("later", difference.later)
      ComparisonDocument.write(difference.new, "new", &writer)
      ComparisonDocument.write(difference.known, "known", &writer)
      ComparisonDocument.write(difference.fixed, "fixed", &writer)
      ComparisonDocument.write(difference.unjudged, "unjudged", &writer)
      writer.member("unseen", difference.unseen)
    }
    writer.endLine()
    return writer.bytes
  }
}
