/// How each program is asked. restic, kopia and rustic always encrypt; borg runs without encryption.
extension Toolbox {
  static func chromasnap(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    tool.environment["CHROMASNAP_REPO"] = tool.repository
    tool.environment["CHROMASNAP_CACHE_DIR"] = "\(tool.home)/cache"
    tool.snapshot = { _ in [program, "snapshot", ".", "--quiet", "--no-health"] }
    tool.restore = { _, newer, target in [program, "restore", "latest~\(newer)", "--to", target, "--quiet"] }
    tool.export = { file in [program, "export", "latest", file, "--quiet"] }
    return tool
  }

  static func restic(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    tool.environment["RESTIC_REPOSITORY"] = tool.repository
    tool.environment["RESTIC_PASSWORD"] = "benchmark"
    tool.initialise = [program, "init", "--repository-version", "2"]
    tool.snapshot = { archive in [program, "backup", "--quiet", "--tag", "archive-\(archive)", "."] }
    tool.restore = { archive, _, target in
      [program, "restore", "latest", "--tag", "archive-\(archive)", "--quiet", "--target", target]
    }
    return tool
  }

  static func borg(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    tool.environment["BORG_REPO"] = tool.repository
    tool.environment["BORG_BASE_DIR"] = tool.home
    tool.environment["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "yes"
    tool.initialise = [program, "init", "--encryption", "none"]
    tool.snapshot = { archive in [program, "create", "::\(archive)", "."] }
    tool.restore = { archive, _, target in
      Command.shell("mkdir \"$2\"; cd \"$2\"; exec \"$1\" extract \"::$3\"", program, target, "\(archive)")
    }
    return tool
  }

  /// The next borg, whose commands differ.
  static func borg2(_ program: String, _ tool: Tool) -> Tool {
    var tool = borg(program, tool)
    tool.initialise = [program, "repo-create", "--encryption", "none"]
    tool.snapshot = { archive in [program, "create", "archive-\(archive)", "."] }
    tool.restore = { archive, _, target in
      Command.shell("mkdir \"$2\"; cd \"$2\"; exec \"$1\" extract \"archive-$3\"", program, target, "\(archive)")
    }
    return tool
  }

  /// A plain copy and its way to the disk: what a restore can't beat by much.
  static func copy(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    let repository = tool.repository
    tool.version = "cp -a; sync -f"
    tool.isIncremental = false
    tool.initialise = ["mkdir", repository]
    tool.snapshot = { archive in Command.shell("cp -a . \"$1\"; sync -f \"$1\"", "\(repository)/\(archive)") }
    tool.restore = { archive, _, target in
      Command.shell("cp -a \"$1\" \"$2\"; sync -f \"$2\"", "\(repository)/\(archive)", target)
    }
    return tool
  }

  static func archive(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    let repository = tool.repository
    tool.isIncremental = false
    tool.initialise = ["mkdir", repository]
    tool.snapshot = { archive in
      Command.shell("tar -c . | zstd -q -1 -T0 -o \"$1\"; sync -f \"$1\"", "\(repository)/\(archive).tar.zst")
    }
    tool.restore = { archive, _, target in
      Command.shell(
        "mkdir \"$2\"; zstd -dcq \"$1\" | tar -x -C \"$2\"; sync -f \"$2\"", "\(repository)/\(archive).tar.zst", target)
    }
    return tool
  }

  static func bup(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    tool.environment["BUP_DIR"] = tool.repository
    tool.initialise = [program, "init"]
    tool.snapshot = { _ in
      Command.shell("\"$1\" index .; exec \"$1\" save --quiet --strip -n saved .", program)
    }
    tool.restore = { _, newer, target in
      newer > 0 ? nil : [program, "restore", "--quiet", "-C", target, "/saved/latest/."]
    }
    return tool
  }

  static func casync(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    let repository = tool.repository
    tool.initialise = ["mkdir", repository]
    tool.snapshot = { archive in
      [program, "make", "--store=\(repository)/store", "\(repository)/\(archive).caidx", "."]
    }
    tool.restore = { archive, _, target in
      [program, "extract", "--store=\(repository)/store", "\(repository)/\(archive).caidx", target]
    }
    return tool
  }

  static func kopia(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    tool.environment["KOPIA_PASSWORD"] = "benchmark"
    tool.environment["KOPIA_CHECK_FOR_UPDATES"] = "false"
    tool.initialise = Command.shell(
      """
      "$1" repository create filesystem --path "$2" --cache-directory "$3"
      "$1" policy set --global --compression zstd-fastest
      """, program, tool.repository, "\(tool.home)/cache")
    tool.snapshot = { _ in [program, "snapshot", "create", "--no-progress", "."] }
    tool.restore = { _, newer, target in
      // Its listing is in the order of time.
      Command.shell(
        """
        id=$("$1" snapshot list --all --json | grep -o '"id":"[0-9a-f]*"' | tail -n "$3" | head -n 1 | cut -d '"' -f 4)
        exec "$1" snapshot restore --no-progress "$id" "$2"
        """, program, target, "\(newer + 1)")
    }
    return tool
  }

  static func rustic(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    tool.environment["RUSTIC_REPOSITORY"] = tool.repository
    tool.environment["RUSTIC_PASSWORD"] = "benchmark"
    tool.environment["RUSTIC_NO_PROGRESS"] = "true"
    tool.initialise = [program, "init"]
    tool.snapshot = { _ in [program, "backup", "."] }
    tool.restore = { _, newer, target in newer > 0 ? nil : [program, "restore", "latest:.", target] }
    return tool
  }

  static func zip(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    tool.isIncremental = false
    tool.export = { file in [program, "-q", "-r", file, "."] }
    return tool
  }

  static func zipfile(_ program: String, _ tool: Tool) -> Tool {
    var tool = tool
    tool.isIncremental = false
    tool.version = "Python's zipfile"
    tool.export = { file in [program, "-m", "zipfile", "-c", file, "."] }
    return tool
  }
}
