import SystemIO
import SystemPackage

extension Schedule {
  /// systemd's service: what runs, and what it may not.
  var systemdService: String {
    var lines = [
      "# Made by `chromasnap schedule install`; `chromasnap schedule remove` takes it away.",
      "[Unit]",
      // Not at the line's end: a backslash there would join it to the next one.
      "Description=Snapshot of \(Self.specifiersEscaped(source.string)) (chromasnap \(name))",
      "RequiresMountsFor=" + writable.map(\.string).map(Self.systemdQuoted).joined(separator: " "),
    ]
    // Hooks may speak to other machines; a user's manager knows nothing of the network.
    if isSystem { lines += ["Wants=network-online.target", "After=network-online.target"] }
    lines += [
      "", "[Service]", "Type=oneshot",
      "ExecStart=" + systemdCommand, "Nice=10", "IOSchedulingClass=best-effort", "IOSchedulingPriority=7", "UMask=0077",
    ]
    return (lines + hardening).map { $0 + "\n" }.joined()
  }

  /// systemd's timer: when it runs; a run that the machine slept through is made up for.
  var systemdTimer: String {
    let lines =
      [
        "# Made by `chromasnap schedule install`; `chromasnap schedule remove` takes it away.",
        "[Unit]", "Description=chromasnap \(name): timer", "", "[Timer]",
      ] + recurrence.calendar.map { "OnCalendar=\($0)" } + [
        "RandomizedDelaySec=\(delay)s", "AccuracySec=1s", "Persistent=true", "", "[Install]", "WantedBy=timers.target",
      ]
    return lines.map { $0 + "\n" }.joined()
  }

  /// No variable is read in the program's own path, in the arguments $$ is a $.
  private var systemdCommand: String {
    let words = command.map(Self.systemdQuoted)
    return ([words[0]] + words.dropFirst().map { $0.escaping { $0 == "$" ? "$$" : nil } }).joined(separator: " ")
  }

  private var hardening: [String] {
    let everywhere = [
      "NoNewPrivileges=yes", "LockPersonality=yes", "MemoryDenyWriteExecute=yes", "RestrictRealtime=yes",
      "RestrictSUIDSGID=yes", "RestrictNamespaces=yes", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
      "SystemCallArchitectures=native", "SystemCallFilter=@system-service", "SystemCallErrorNumber=EPERM",
    ]
    // A user's manager can mount nothing without user namespaces, which many machines do not give.
    guard isSystem else { return everywhere }
    let isTemporary = (writable + [FilePath(command[0])]).contains { path in
      ["/tmp", "/var/tmp"].contains { path.starts(with: FilePath($0)) }
    }
    return everywhere + [
      "ProtectSystem=strict", "ProtectHome=read-only",
      // What is missing is left to the program, which says so better.
      "ReadWritePaths=" + writable.map { Self.systemdQuoted("-\($0)") }.joined(separator: " "),
      // Only where nothing that it needs lies there.
      "PrivateTmp=\(isTemporary ? "no" : "yes")", "PrivateDevices=yes", "ProtectClock=yes",
      "ProtectControlGroups=yes", "ProtectHostname=yes", "ProtectKernelLogs=yes", "ProtectKernelModules=yes",
      "ProtectKernelTunables=yes",
      // To read files of every owner, and to lock the database of whoever runs Chroma.
      "CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_CHOWN",
    ]
  }

  /// One word of a unit file, for certain.
  static func systemdQuoted(_ word: String) -> String {
    "\"" + specifiersEscaped(word.escaping { $0 == "\\" || $0 == "\"" ? "\\\($0)" : nil }) + "\""
  }

  private static func specifiersEscaped(_ text: String) -> String {
    text.escaping { $0 == "%" ? "%%" : nil }
  }
}

extension Recurrence {
  /// systemd.time(7).
  fileprivate var calendar: [String] {
    switch self {
    case .minutes(let count): ["*-*-* *:00/\(count):00"]
    case .hours(let count): ["*-*-* 00/\(count):00:00"]
    case .daily(let clocks): clocks.map { "*-*-* \($0.text):00" }
    case .weekly(let day, let clock): ["\(day.short) *-*-* \(clock.text):00"]
    case .monthly(let day, let clock): ["*-*-\(padded(day, 2)) \(clock.text):00"]
    }
  }
}
