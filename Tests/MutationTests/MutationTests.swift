import CommandTestSupport
import Foundation
import LedgerCore
import LedgerRules
import Testing

/// Spoils legal streams of events, one defect at a time at random places, and asks whether exactly the right rule speaks on
/// exactly the right page.
///
/// Variables of the environment:
/// - `PAGELEDGER_MUTATIONS`: how many mutations, 2,000 if not set;
/// - `PAGELEDGER_MUTATION_SEED`: the seed, a fixed one if not set;
/// - `PAGELEDGER_MUTATION`: the number of one mutation, which is done alone and shown in full.
@Suite struct MutationTests {
  private static let environment = ProcessInfo.processInfo.environment
  static let seed = environment["PAGELEDGER_MUTATION_SEED"].flatMap { UInt64($0) } ?? 20_261_121
  static let only = environment["PAGELEDGER_MUTATION"].flatMap { Int($0) }
  static let count = environment["PAGELEDGER_MUTATIONS"].flatMap { Int($0) } ?? 2000

  /// Pieces of real captures with what the rules say of them unspoilt, and their lives.
  struct Piece {
    var stream: LegalStream
    var lives: [Life]
    var accused: Set<Accusation>
  }

  static let captured: [Piece] = {
    let fixtures = ["exact_legal", "held_head_legal"].map { "fixtures/captures/\($0).dat" }
    var paths = fixtures.map { Repository.root.appendingPathComponent($0) }
    for name in ["compound_legal", "split_legal", "moved_legal"] {
      let file = "captures/scenarios-6.1/\(name).dat"
      guard let path = Repository.shared(file) else {
        print("goes on without \(file); PAGELEDGER_SHARED names the folder that holds captures")
        continue
      }
      paths.append(URL(fileURLWithPath: path))
    }
    let streams = paths.flatMap { path in
      (try? LegalStream.pieces(
        of: path.path, named: path.lastPathComponent, size: 1000, limit: 8000)) ?? []
    }
    return streams.map {
      Piece(
        stream: $0, lives: Life.all(in: $0), accused: Set(Judgement($0.events, $0.info).accused))
    }
  }()

  @Test func legalStreamsAreClean() {
    #expect(!Self.captured.isEmpty)
    for piece in Self.captured {
      #expect(piece.accused.isEmpty, "\(piece.stream.name): \(piece.accused)")
    }
    for number in 0..<200 {
      var chance = Chance(seed: Self.seed ^ 0x5eed, number: number)
      let stream = LegalStream(woven: &chance)
      let accused = Judgement(stream.events, stream.info).accused
      #expect(accused.isEmpty, "woven \(number) of \(stream.cast): \(accused)")
    }
  }

  @Test func findsWhatWasSpoilt() {
    var table = MutationTable()
    for number in Self.only.map({ $0..<$0 + 1 }) ?? 0..<Self.count { run(number, &table) }
    print(table.text)
    let replay = "PAGELEDGER_MUTATION_SEED=\(Self.seed) PAGELEDGER_MUTATION=NUMBER"
    #expect(table.wrong.isEmpty, "accused without cause, \(replay): \(table.wrong)")
    #expect(
      table.missed.count * 100 <= table.decidable,
      "missed more than 1 %, \(replay): \(table.missed)")
    #expect(Self.only != nil || table.idle * 5 < Self.count)
  }

  private func run(_ number: Int, _ table: inout MutationTable) {
    let mutation = Mutation.all[number % Mutation.all.count]
    var chance = Chance(seed: Self.seed, number: number)
    for _ in 0..<40 {
      guard var draft = draft(for: mutation, &chance) else { continue }
      guard let expectation = mutation.apply(&draft) else { continue }
      draft.settle()
      let judgement = Judgement(draft.events, draft.stream.info, draft.losses)
      let outcome = judgement.outcome(expectation)
      if Self.only != nil { show(mutation, draft, judgement, expectation, outcome) }
      return table.add(mutation.name, outcome, number: number)
    }
    table.add(mutation.name, nil, number: number)
  }

  private func draft(for mutation: Mutation, _ chance: inout Chance) -> Draft? {
    if mutation.needsStory == nil, chance.once(in: 2), let piece = chance.pick(Self.captured) {
      return Draft(piece.stream, piece.lives, chance.branch())
    }
    let stream = LegalStream(woven: &chance)
    if let stories = mutation.needsStory, !stream.cast.contains(where: stories.contains) {
      return nil
    }
    return Draft(stream, Life.all(in: stream), chance.branch())
  }

  private func show(
    _ mutation: Mutation, _ draft: Draft, _ judgement: Judgement, _ expectation: Expectation,
    _ outcome: Outcome
  ) {
    print("\(mutation.name) in \(draft.stream.name) \(draft.stream.cast)")
    for event in draft.events {
      print(event.time, "cpu", event.cpu, "pid", event.pid, event.kind.name, event.words)
    }
    print("expected", expectation)
    print("accused", judgement.accused, "said", judgement.said)
    print(outcome)
  }
}
