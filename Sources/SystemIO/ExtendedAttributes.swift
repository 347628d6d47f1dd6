import CPlatform
package import SystemPackage

/// One extended attribute: names and values are bytes.
public struct ExtendedAttribute: Hashable, Sendable {
  public var name: [UInt8]
  public var value: [UInt8]

  public init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }
}

extension ExtendedAttribute {
  /// The attributes of what is at `path` (of a symbolic link, its own), in the order of their names. None where the file
  /// system has no such thing; an attribute that may not be read is left out.
  package static func all(at path: FilePath) -> [ExtendedAttribute] {
    unsafe path.withPlatformString { name in
      let size = unsafe cplatform_list_attributes(name, nil, 0)
      guard size > 0 else { return [] }
      var names = [CChar](repeating: 0, count: size)
      let used = unsafe cplatform_list_attributes(name, &names, size)
      guard used > 0 else { return [] }
      let keys = names[..<used].split(separator: 0).map { $0.map(UInt8.init(bitPattern:)) }
      return keys.sortedAsNames().compactMap { key in
        unsafe value(name, key).map { ExtendedAttribute(name: key, value: $0) }
      }
    }
  }

  /// Gives this attribute to what is at `path`.
  package func set(at path: FilePath) throws(SystemError) {
    try systemCall("lsetxattr", path) {
      unsafe path.withPlatformString { file in
        unsafe withCString(name) { key in
          unsafe value.withUnsafeBytes { bytes in
            unsafe cplatform_set_attribute(file, key, bytes.baseAddress, bytes.count)
          }
        }
      }
    }
  }

  private static func value(_ path: UnsafePointer<CChar>, _ key: [UInt8]) -> [UInt8]? {
    unsafe withCString(key) { key in
      let size = unsafe cplatform_get_attribute(path, key, nil, 0)
      guard size >= 0 else { return nil }
      var value = [UInt8](repeating: 0, count: size)
      let used = unsafe value.withUnsafeMutableBytes {
        unsafe cplatform_get_attribute(path, key, $0.baseAddress, $0.count)
      }
      return used >= 0 ? Array(value[..<used]) : nil
    }
  }
}
