import ChromaSnapCommands
import Testing

@Suite struct SecretTests {
  @Test(arguments: [
    ("https://me:pass@host:8080/secret?x", "https://host:8080/***"),
    ("https://host?token=secret", "https://host/***"),
    ("https://plain.example", "https://plain.example"),
    ("success=ping:https://me:pass@host/secret", "success=ping:https://host/***"),
    ("failure=mail", "failure=mail"),
    ("failure=mail --password secret", "failure=mail ***"),
    ("failure=mail\t--password=secret", "failure=mail ***"),
    ("failure,alert=curl -H 'Token: secret' https://host/secret", "failure,alert=curl ***"),
    ("failure=TOKEN=secret notify", "failure=TOKEN=***"),
    ("/usr/bin/tell --password=secret", "/usr/bin/tell ***"),
    ("@/run/url", "@/run/url"), ("failure=@/run/url", "failure=@/run/url"), ("", ""),
  ])
  func hooksAreMasked(hook: String, shown: String) { #expect(Secret.masked(hook: hook) == shown) }

  @Test func argumentsAreMasked() {
    let arguments = [
      "snapshot", "--notify", "https://hc-ping.com/secret", "--notify=failure=https://x/secret", "--repo", "/r",
      "s3://key:secret@host/bucket", "a@b", "http://host/a@b",
    ]
    #expect(
      Secret.masked(arguments: arguments) == [
        "snapshot", "--notify", "***", "--notify=***", "--repo", "/r", "s3://***@host/bucket", "a@b", "http://host/a@b",
      ])
    #expect(Secret.masked(arguments: Array(repeating: "x", count: 100)).last == "... and 36 more")
    #expect(Secret.masked(arguments: [String(repeating: "x", count: 5000)])[0].count == 1024)
  }
}
