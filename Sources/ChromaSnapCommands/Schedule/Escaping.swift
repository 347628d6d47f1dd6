extension String {
  /// The text with each scalar as `escape` writes it, where that is not `nil`.
  ///
  /// By scalars, never by characters: a quotation mark and the combining mark after it are one character, which no search for
  /// the quotation mark finds, but shells and parsers do.
  func escaping(_ escape: (Unicode.Scalar) -> String?) -> String {
    var text = UnicodeScalarView()
    for scalar in unicodeScalars {
      if let escaped = escape(scalar) { text.append(contentsOf: escaped.unicodeScalars) } else { text.append(scalar) }
    }
    return String(text)
  }
}
