/// One thing that is wrong with an HNSW folder.
package struct HNSWProblem: Hashable, Sendable {
  package enum Code: String, Sendable {
    /// A file that every persisted index has is missing.
    case missingFile = "missing_file"
    /// `header.bin` is not a header.
    case header
    /// A file is shorter than the header says, or longer than it may be.
    case size
    /// A count of links beyond what the header allows.
    case linkCount = "link_count"
    /// A link to an element that does not exist.
    case linkRange = "link_range"
    /// Two elements with one label.
    case duplicateLabels = "duplicate_labels"
    /// The highest level, or the entry point, is not what the links say.
    case level
    /// The pickle can't be read.
    case pickle
    /// The pickle's maps do not fit each other, or the labels of the elements.
    case labels
    /// Vectors of another dimension than the collection's.
    case dimension
  }

  package var code: Code
  package var message: String
  package var file: HNSWFile

  init(_ code: Code, _ file: HNSWFile, _ message: String) {
    self.code = code
    self.message = message
    self.file = file
  }
}
