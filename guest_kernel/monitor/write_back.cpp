#include "monitor/write_back.h"

#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/names.h"
#include "services/files/file_system.h"

namespace monitor {

kernel::Status write_back_files()
{
    const objects::Ref<services::FileSystem> files(objects::find_name("file-system"));
    if (!files)
        return {};
    auto& ticket = kernel::current_thread()->ticket();
    for (;;) {
        kernel::Result<uint64_t> forgotten = kernel::Code::OK;
        {
            objects::CountedScope scope;
            forgotten = files->shrink(&ticket);
        }
        if (!forgotten.is_parked())
            return forgotten.status();
        ticket.wait();
    }
}

}
