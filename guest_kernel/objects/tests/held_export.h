// A conversion that stays in the middle of its transfer until the test lets it go.
#pragma once

#include "kernel/event.h"
#include "objects/tests/item.h"

namespace objects::tests {

// Conversions stay in their export until they may go on.
struct HeldExport {
    HeldExport()
    {
        item_script.export_entered = &entered;
        item_script.export_go_on = &go_on;
    }
    // Only the first: others go through.
    void wait_for_one()
    {
        entered.wait();
        item_script.export_entered = nullptr;
    }

    kernel::Event entered;
    kernel::Event go_on;
};

}
