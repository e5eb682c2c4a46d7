// A panic on the console.
#pragma once

#include "abi.h"

namespace kernel {

// Takes no lock and uses no thread: message, then of each CPU the thread, the registers and the raw frames.
void print_panic(const abi::PanicRecord& record);

}
