import ChromaSnapCommands
import SnapshotRepository
import Testing

@Suite struct HookTests {
  private func fires(_ text: String, _ command: String) throws -> [Hook.Event] {
    let hook = try Hook(text, commands: ["snapshot", "auto", "check", "restore", "prune", "pin"])
    return Hook.Event.allCases.filter { hook.fires(on: $0, of: command) }
  }

  @Test func eventsAndCommandsSayWhen() throws {
    #expect(try fires("failure=x", "snapshot") == [.warning, .failure])
    #expect(try fires("failure=x", "prune") == [.warning, .failure])
    #expect(try fires("warning=x", "snapshot") == [.warning])
    #expect(try fires("start,success,alert=x", "check") == [.start, .success, .alert])
    #expect(try fires("snapshot=x", "snapshot") == [.start, .success, .warning, .failure])
    #expect(try fires("snapshot=x", "auto") == [.start, .success, .warning, .failure])
    #expect(try fires("auto=x", "snapshot") == [])
    #expect(try fires("snapshot=x", "prune") == [])
    #expect(try fires("restore:success,check:failure=x", "restore") == [.success])
    #expect(try fires("restore:success,check:failure=x", "check") == [.warning, .failure])
    #expect(try fires("https://host/id", "auto") == [.start, .success, .warning, .failure])
    #expect(try fires("https://host/id", "pin") == [])
  }

  @Test func targetsAreToldApart() throws {
    #expect(try Hook("https://host/id?a=b").target == .ping(url: "https://host/id?a=b"))
    #expect(try Hook("success=https://host/id").target == .webhook(url: "https://host/id"))
    #expect(try Hook("success=ping:http://host/id").target == .ping(url: "http://host/id"))
    #expect(try Hook("failure=A=1 mail -s 'x y' me").target == .command("A=1 mail -s 'x y' me"))
  }

  @Test(arguments: [
    "", "mail me", "failed=mail me", "failure=", "failure= ", "=x", "failure,=x", "Failure=x", "snapshot:=x",
    ":failure=x",
    "snapshot:over=x", "snapshots=x", "failure:success=x", "https://", "success=https:///x", "success=ping:mail",
    "https://host/a b",
    "success=http://host/ü",
  ])
  func whatMakesNoSenseIsRefused(text: String) {
    #expect(throws: SnapshotError.self) { try Hook(text) }
  }

  @Test func messagesHideSecrets() throws {
    #expect(try Hook("https://me:pass@host:8080/secret?x").name == "https://host:8080/***")
    #expect(try Hook("success=false --password secret").name == "false ***")
    for text in [
      "oops=https://host/secret", "oops=mail --password secret", "mail --password=secret", "HTTPS://host/secret?a=b",
      "https://host/a secret", "https:///secret",
    ] {
      do throws(SnapshotError) {
        _ = try Hook(text)
        Issue.record("accepted")
      } catch { #expect(!error.message.contains("secret"), "\(text)") }
    }
  }

  @Test func pingsGoWhereSwitchesExpectThem() {
    let url = "https://host/id"
    #expect(CurlRequest.pingURL(url, for: .start) == "https://host/id/start")
    #expect(CurlRequest.pingURL(url, for: .success) == url)
    #expect(CurlRequest.pingURL(url, for: .warning) == "https://host/id/fail")
    #expect(CurlRequest.pingURL(url, for: .failure) == "https://host/id/fail")
    #expect(CurlRequest.pingURL(url, for: .alert) == "https://host/id/fail")
    #expect(CurlRequest.pingURL(url + "/?rid=1", for: .failure) == "https://host/id/fail?rid=1")
  }

  @Test func aURLCanNotAddToTheConfiguration() {
    let text = CurlRequest(url: #"https://host/a"\b"#, contentType: "text/plain").configuration
    #expect(text.contains(#"url = "https://host/a\"\\b""#))
    #expect(text.hasSuffix("\n") && text.split(separator: "\n").count { $0.hasPrefix("url") } == 1)
  }
}
