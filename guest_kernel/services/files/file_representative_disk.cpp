#include "services/files/file_representative_disk.h"

#include "kernel/heap.h"
#include "objects/standard_factory.h"
#include "services/files/page_transfer.h"
#include "services/files/volume.h"

namespace services {

using kernel::Result;
using kernel::Status;
using objects::LocalEntry;

inline namespace v1 {

constinit objects::FactoryMadeClass FileRepresentativeDisk::descriptor
    = objects::factory_class<FileRepresentativeDiskRoot>("FileRepresentativeDisk", "FileRepresentative", 1);

FileRepresentativeDisk::~FileRepresentativeDisk()
{
    if (m_file != nullptr && m_file->represented)
        kernel::destroy(m_file);
}

Status FileRepresentativeDisk::start_read(uint64_t page, PageTransfer* transfer, kernel::Ticket* ticket)
{
    return m_file->volume.start_read(*m_file, page, *transfer, *ticket);
}

Status FileRepresentativeDisk::start_write(uint64_t page, PageTransfer* transfer, kernel::Ticket* ticket)
{
    return m_file->volume.start_write(*m_file, page, *transfer, *ticket);
}

Result<uint64_t> FileRepresentativeDisk::length() { return m_file->volume.length(*m_file); }

Status FileRepresentativeDisk::set_length(uint64_t bytes, kernel::Ticket* ticket)
{
    return m_file->volume.set_length(*m_file, bytes, *ticket);
}

Status FileRepresentativeDisk::sync_metadata(kernel::Ticket* ticket) { return m_file->volume.sync(*m_file, *ticket); }

Result<LocalEntry*> FileRepresentativeDisk::file_cache() { return m_file->volume.cache_of(*m_file); }

Result<uint64_t> FileRepresentativeDisk::inode() { return uint64_t{m_file->inode}; }

static const objects::ClassRegistration registration(FileRepresentativeDisk::descriptor);

}

}
