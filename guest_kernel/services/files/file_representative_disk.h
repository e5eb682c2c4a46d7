// Open files of the machine's disk.
#pragma once

#include "kernel/owned.h"
#include "services/files/file_representative.h"
#include "services/files/handed_over_root.h"
#include "services/files/open_file.h"

namespace services {

inline namespace v1 {

class FileRepresentativeDisk final : public objects::Rep<FileRepresentative> {
public:
    static objects::ClassDescriptor descriptor;

    // Without a file, to take over another's.
    explicit FileRepresentativeDisk(objects::Root& root) : Rep(root) {}
    FileRepresentativeDisk(objects::Root& root, OpenFile* file) : Rep(root), m_file(file) {}
    ~FileRepresentativeDisk() { kernel::destroy(m_file); }

    kernel::Status start_read(uint64_t page, PageTransfer* transfer, kernel::Ticket* ticket) override;
    kernel::Status start_write(uint64_t page, PageTransfer* transfer, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> length() override;
    kernel::Status set_length(uint64_t bytes, kernel::Ticket* ticket) override;
    kernel::Status sync_metadata(kernel::Ticket* ticket) override;
    kernel::Result<objects::LocalEntry*> file_cache() override;
    kernel::Result<uint64_t> inode() override;

    OpenFile* state() const { return m_file; }
    void adopt(OpenFile* file) { m_file = file; }

private:
    OpenFile* m_file = nullptr;
};

using FileRepresentativeDiskRoot
    = HandedOverRoot<FileRepresentative, FileRepresentativeDisk, file_representative_formats>;

}

// Takes the file over in any case. NO_MEMORY.
kernel::Result<objects::Reference> make_file_representative(kernel::Owned<OpenFile> file);

}
