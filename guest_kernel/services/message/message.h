// What one thread tells another.
#pragma once

#include <stdint.h>

namespace services {

// Copied when it is sent and when it is received.
struct Message {
    uint64_t words[4] = {};
};

}
