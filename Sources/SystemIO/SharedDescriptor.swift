/// An open file that several share: it is closed when the last of them lets go of it.
package final class SharedDescriptor: Sendable {
  package let descriptor: Descriptor
  package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
