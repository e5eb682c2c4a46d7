#include "services/files/open_file.h"

#include "kernel/clock.h"
#include "kernel/thread.h"
#include "services/files/volume.h"

namespace services {

using kernel::SpinGuard;
using kernel::Status;

OpenFile::~OpenFile()
{
    for (;;) {
        {
            SpinGuard guard(lock);
            if (transfers == 0)
                break;
        }
        kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
    }
    if (listed)
        volume.forget(*this);
}

void OpenFile::transfer_ended(uint64_t first_flush)
{
    SpinGuard guard(lock);
    if (first_flush > flush)
        flush = first_flush;
    if (--transfers == 0)
        waiting.complete_all({});
}

uint64_t OpenFile::flush_wanted()
{
    SpinGuard guard(lock);
    return flush;
}

Status OpenFile::wait_for_transfers(kernel::Ticket& ticket)
{
    {
        SpinGuard guard(lock);
        if (transfers == 0)
            return {};
    }
    return park_on(waiting, lock, ticket, [this] { return transfers != 0; });
}

}
