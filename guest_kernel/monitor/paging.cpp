// What paging has done.

#include "devices/mailbox.h"
#include "kernel/init.h"
#include "services/memory/paging_figures.h"

namespace monitor {

namespace {

using kernel::Status;

Status list_figures(devices::ValueReader&, devices::ValueWriter& result)
{
    services::for_each_paging_figure([&result](const char* name, const uint64_t& value) {
        result.begin_list();
        result.text(name);
        result.number(__atomic_load_n(&value, __ATOMIC_RELAXED));
        result.end_list();
    });
    return {};
}

Status start()
{
    return devices::mailbox::register_handler(abi::Operation::PAGING, list_figures);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.paging", start};

}

}
