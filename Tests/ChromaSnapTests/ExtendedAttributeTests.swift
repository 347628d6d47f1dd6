import SystemIO
import SystemPackage
import Testing

struct ExtendedAttributeTests {
  @Test func `An open file's attributes are those of its path`() throws {
    let workshop = try Workshop()
    try workshop.write("file", [1])
    let path = workshop.source.appending("file")
    #expect(ExtendedAttribute.all(of: try Descriptor(opening: path)) == [])
    let attributes = [
      ExtendedAttribute(name: Array("user.a".utf8), value: []),
      ExtendedAttribute(name: Array("user.b".utf8), value: [0, 1, 255]),
    ]
    for attribute in attributes.reversed() { try attribute.set(at: path) }
    #expect(ExtendedAttribute.all(at: path) == attributes)
    #expect(ExtendedAttribute.all(of: try Descriptor(opening: path)) == attributes)
  }

  @Test func `A value that grows while it is read is no trap`() throws {
    let workshop = try Workshop()
    try workshop.write("file", [1])
    let path = workshop.source.appending("file")
    let name = Array("user.a".utf8)
    try parallelLoop(items: 20_000) { (next: () -> Int?) throws(SystemError) in
      while let item = next() {
        if item % 2 == 0 {
          let value = [UInt8](repeating: 7, count: item % 4 * 10)
          try ExtendedAttribute(name: name, value: value).set(at: path)
        } else {
          for attribute in ExtendedAttribute.all(at: path) { precondition(attribute.value.allSatisfy { $0 == 7 }) }
        }
      }
    }
  }
}
