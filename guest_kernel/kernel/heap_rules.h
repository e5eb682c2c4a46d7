// When the heap may be used, and when a test wants it to fail.
#pragma once

namespace kernel {

class HeapRules {
public:
    // Panics where no allocation is allowed.
    static void check();
    // Counts one allocation; true when a test wants this one to find no memory.
    static bool must_fail();
    // The same for pages that are asked of the page source.
    static bool must_fail_pages();
};

}
