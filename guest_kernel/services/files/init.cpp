// Makes the file system of the machine's disk.

#include "devices/disk.h"
#include "kernel/init.h"
#include "kernel/print.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/files/file_system_disk.h"

namespace services {

namespace {

// A machine whose disk has no file system, and can have none, does without.
kernel::Status start()
{
    if (devices::disk().blocks() < abi::FILE_SYSTEM_BLOCKS_MIN || devices::disk().read_only())
        return {};
    const auto volume = Volume::mount();
    if (!volume.ok()) {
        kernel::print("no file system: %s\n", kernel::name_of(volume.code()));
        return {};
    }
    auto system = TRY(objects::create<FileSystemDiskRoot>({volume.value()}));
    return objects::give_name("file-system", system.reference());
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction file_system{
    kernel::InitStage::Services, "storage.file_system", start};

}

}
