import CHandover
import Glibc

/// An open file that this process has, closed when nobody holds it any more.
package final class Descriptor: Sendable {
    /// Its number, valid as long as this object lives.
    package let number: Int32

    /// Takes a descriptor, which is closed from now on by this object alone.
    package init(taking number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Another descriptor of the same file, which the caller closes; nil where the process may open no more.
    package func duplicate() -> Int32? {
        let copy = gv_duplicate(number)
        return copy < 0 ? nil : copy
    }
}
