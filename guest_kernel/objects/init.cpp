// Starts the object system.

#include "kernel/init.h"
#include "kernel/panic.h"
#include "objects/adaptors.h"
#include "objects/idle_conversion.h"
#include "objects/lifetime.h"
#include "objects/tracked_returns.h"

namespace objects {

namespace {

constinit TrackedReturns tracked_returns;

Status start_objects()
{
    kernel::set_replaced_returns(tracked_returns);
    TRY(table().initialise());
    TRY(adaptors().start());
    TRY(start_reaper());
    return start_idle_conversion();
}

// The name puts it in front of the objects of the same stage.
[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Objects, "0.table", start_objects};

}

}
