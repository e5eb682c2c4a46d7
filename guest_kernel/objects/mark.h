// The mark on an instance whose class has a newer version: the call that meets it converts the instance first.
#pragma once

#include <stdint.h>

namespace objects {

// None -> Marked          by who changes the version of the class; no local entry leads to the object any more
// Marked -> Converting    by the first caller, or by a converter, once the mark is in force: nobody is inside then
// Converting -> None      the new version serves, or after a failure the old one
// Converting -> Marked    the new version serves, but is not the last one: nobody got inside between
// Marked -> None          taken back, because a call came before the mark was in force, or by a cancel; or destroyed
//
// Guarded by the lock of the global entry. While it is Marked or Converting no call gets past it, the miss handler comes
// to it when all interposers of the reference are behind the call.
enum class Mark : uint8_t { None, Marked, Converting };

// Marks of one class are put in force round by round; they wrap.
using MarkRound = uint16_t;

}
