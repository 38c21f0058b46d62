@main struct PageLedger { static func main() {} }
