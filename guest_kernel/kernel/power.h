// Turning the machine off.
#pragma once

namespace kernel {

[[noreturn]] void power_off();

}
