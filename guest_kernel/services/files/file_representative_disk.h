// Open files of the machine's disk.
#pragma once

#include "services/files/file_representative.h"
#include "services/files/open_file.h"
#include "services/memory/whole_state_root.h"

namespace services {

inline namespace v1 {

class FileRepresentativeDisk final : public objects::Rep<FileRepresentative> {
public:
    static objects::FactoryMadeClass descriptor;

    // Without a file, to take over another's.
    explicit FileRepresentativeDisk(objects::Root& root) : Rep(root) {}
    FileRepresentativeDisk(objects::Root& root, const Creation& creation) : Rep(root), m_file(creation.file) {}
    ~FileRepresentativeDisk();

    kernel::Status start_read(uint64_t page, PageTransfer* transfer, kernel::Ticket* ticket) override;
    kernel::Status start_write(uint64_t page, PageTransfer* transfer, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> length() override;
    kernel::Status set_length(uint64_t bytes, kernel::Ticket* ticket) override;
    kernel::Status sync_metadata(kernel::Ticket* ticket) override;
    kernel::Result<objects::LocalEntry*> file_cache() override;
    kernel::Result<uint64_t> inode() override;

    OpenFile*& state() { return m_file; }
    OpenFile* const& state() const { return m_file; }

private:
    OpenFile* m_file = nullptr;
};

using FileRepresentativeDiskRoot
    = WholeStateRoot<FileRepresentativeDisk, OpenFile*, FileRepresentative, file_representative_format>;

}

}
