// The end of a run, in order.

#include "devices/mailbox.h"
#include "kernel/init.h"
#include "kernel/power.h"
#include "kernel/print.h"
#include "monitor/write_back.h"
#include "workload/workload.h"

namespace monitor {

namespace {

using kernel::Status;
using workload::Workload;

// Every client ends after its job, and what it wrote reaches the disk; then the machine stops, and with it the request, unanswered.
Status power_off(devices::ValueReader&, devices::ValueWriter&)
{
    workload::for_each([](Workload& each, void*) { each.stop(); }, nullptr);
    workload::for_each(
        [](Workload& each, void*) {
            if (each.totals().running != 0)
                each.wait_until_ended();
        },
        nullptr);
    const Status written = write_back_files();
    if (!written.ok())
        kernel::print("files are not written back: %s", kernel::name_of(written.code()));
    kernel::power_off();
}

Status start() { return devices::mailbox::register_handler(abi::Operation::POWER_OFF, power_off); }

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.power", start};

}

}
