// Starts the object system.

#include "kernel/init.h"
#include "objects/lifetime.h"

namespace objects {

namespace {

Status start_objects()
{
    TRY(table().initialise());
    return start_reaper();
}

// The name puts it in front of the objects of the same stage.
[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Objects, "0.table", start_objects};

}

}
