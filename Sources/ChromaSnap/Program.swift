/// What this program is called, and which version of it this is.
public enum Program {
  public static let name = "chromasnap"
  public static let version = "0.1.0"
  public static var nameAndVersion: String { "\(name) \(version)" }
}
