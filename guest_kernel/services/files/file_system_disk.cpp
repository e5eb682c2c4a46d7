#include "services/files/file_system_disk.h"

#include "objects/standard_factory.h"
#include "services/files/file_representative.h"

namespace services {

using kernel::Result;
using kernel::Status;
using objects::LocalEntry;

inline namespace v1 {

constinit objects::FactoryMadeClass FileSystemDisk::descriptor
    = objects::factory_class<FileSystemDiskRoot>("FileSystemDisk", "FileSystem", 1);

Status FileSystemDisk::make_directory(const char* path, kernel::Ticket* ticket)
{
    return m_volume->create(path, abi::InodeType::DIRECTORY, *ticket);
}

Status FileSystemDisk::create_file(const char* path, kernel::Ticket* ticket)
{
    return m_volume->create(path, abi::InodeType::FILE, *ticket);
}

Status FileSystemDisk::remove(const char* path, kernel::Ticket* ticket) { return m_volume->remove(path, *ticket); }

Result<LocalEntry*> FileSystemDisk::open(const char* path, kernel::Ticket* ticket)
{
    return m_volume->open(path, *ticket);
}

Status FileSystemDisk::open_again(LocalEntry* representative)
{
    return m_volume->open_again(TRY(objects::Ref<FileRepresentative>(representative)->inode()));
}

Status FileSystemDisk::close(LocalEntry* representative, kernel::Ticket* ticket)
{
    return m_volume->close(TRY(objects::Ref<FileRepresentative>(representative)->inode()), *ticket);
}

Result<uint64_t> FileSystemDisk::list(const char* path, uint64_t position, FileName* name, kernel::Ticket* ticket)
{
    return m_volume->list(path, position, *name, *ticket);
}

Status FileSystemDisk::sync(kernel::Ticket* ticket) { return m_volume->sync(*ticket); }

Status FileSystemDisk::statistics(FileStatistics* statistics)
{
    m_volume->statistics(*statistics);
    return {};
}

Result<uint64_t> FileSystemDisk::shrink(kernel::Ticket* ticket) { return m_volume->shrink(*ticket); }

static const objects::ClassRegistration registration(FileSystemDisk::descriptor);

}

}
