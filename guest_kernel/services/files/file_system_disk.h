// The file system of the machine's disk.
#pragma once

#include "services/files/file_system.h"
#include "services/files/volume.h"
#include "services/memory/whole_state_root.h"

namespace services {

inline namespace v1 {

class FileSystemDisk final : public objects::Rep<FileSystem> {
public:
    static objects::FactoryMadeClass descriptor;

    // Without a volume, to take over another's.
    explicit FileSystemDisk(objects::Root& root) : Rep(root) {}
    FileSystemDisk(objects::Root& root, const Creation& creation) : Rep(root), m_volume(creation.volume) {}
    ~FileSystemDisk() { kernel::destroy(m_volume); }

    kernel::Status make_directory(const char* path, kernel::Ticket* ticket) override;
    kernel::Status create_file(const char* path, kernel::Ticket* ticket) override;
    kernel::Status remove(const char* path, kernel::Ticket* ticket) override;
    kernel::Result<objects::LocalEntry*> open(const char* path, kernel::Ticket* ticket) override;
    kernel::Status open_again(objects::LocalEntry* representative) override;
    kernel::Status close(objects::LocalEntry* representative, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> list(const char* path, uint64_t position, FileName* name, kernel::Ticket* ticket) override;
    kernel::Status sync(kernel::Ticket* ticket) override;
    kernel::Status statistics(FileStatistics* statistics) override;
    kernel::Result<uint64_t> shrink(kernel::Ticket* ticket) override;

    Volume*& state() { return m_volume; }
    Volume* const& state() const { return m_volume; }

private:
    Volume* m_volume = nullptr;
};

using FileSystemDiskRoot = WholeStateRoot<FileSystemDisk, Volume*, FileSystem, file_system_format>;

}

}
