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
}
