#include "services/process/process.h"

#include "kernel/init.h"
#include "objects/standard_factory.h"

namespace services {

constinit objects::Kind Process::kind{"Process"};

namespace {

// As K42 does: which of the two suits a program is not known when its process is made.
kernel::Status start()
{
    return objects::set_default_factory("Process", "ProcessReplicated");
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{
    kernel::InitStage::Services, "process.default", start};

}

}
