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
    unsafe path.withPlatformString { path in
      unsafe all {
        unsafe cplatform_list_attributes(path, $0, $1)
      } value: {
        unsafe cplatform_get_attribute(path, $0, $1, $2)
      }
    }
  }

  /// The same of an open file, whose path need not be walked again.
  package static func all(of file: borrowing Descriptor) -> [ExtendedAttribute] {
    let descriptor = file.raw
    return unsafe all {
      unsafe cplatform_list_attributes_of(descriptor, $0, $1)
    } value: {
      unsafe cplatform_get_attribute_of(descriptor, $0, $1, $2)
    }
  }

  private static func all(
    _ list: (UnsafeMutablePointer<CChar>?, Int) -> Int,
    value: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
  ) -> [ExtendedAttribute] {
    let size = list(nil, 0)
    guard size > 0 else { return [] }
    var names = [CChar](repeating: 0, count: size)
    let used = unsafe list(&names, size)
    guard used > 0 else { return [] }
    let keys = names[..<used].split(separator: 0).map { $0.map(UInt8.init(bitPattern:)) }
    return keys.sortedAsNames().compactMap { key in
      unsafe withCString(key) { name in
        let size = unsafe value(name, nil, 0)
        guard size >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: size)
        let used = unsafe bytes.withUnsafeMutableBytes { unsafe value(name, $0.baseAddress, $0.count) }
        // Without room the size is asked for once more: the value may have grown.
        return used >= 0 && used <= size ? ExtendedAttribute(name: key, value: Array(bytes[..<used])) : nil
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

  #if canImport(Darwin)
    private static let absent = Errno.attributeNotFound
  #else
    private static let absent = Errno.noData
  #endif

  /// Takes an attribute away from what is at `path`; where it has none of that name, or can't have any, nothing.
  package static func remove(_ name: [UInt8], at path: FilePath) throws(SystemError) {
    do throws(SystemError) {
      try systemCall("lremovexattr", path) {
        unsafe path.withPlatformString { file in
          unsafe withCString(name) { unsafe cplatform_remove_attribute(file, $0) }
        }
      }
    } catch {
      guard error.errno == absent || error.errno == .notSupported else { throw error }
    }
  }

  /// Takes the access lists away that a folder has inherited from the one it was made in, and would hand on to all that is
  /// made in it.
  package static func removeAccessLists(at folder: FilePath) throws(SystemError) {
    for name in ["system.posix_acl_default", "system.posix_acl_access"] { try remove(Array(name.utf8), at: folder) }
  }
}
