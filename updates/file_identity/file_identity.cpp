// The classes of files once more, with their members elsewhere: who reached an object of theirs other than through its
// reference, or knew its layout, would find something else there.

#include "kernel/heap.h"
#include "objects/standard_factory.h"
#include "objects/update.h"
#include "services/files/file_representative.h"
#include "services/files/page_transfer.h"
#include "services/files/volume.h"
#include "services/memory/whole_state_root.h"

namespace services {

using kernel::Result;
using kernel::Status;
using kernel::Ticket;
using objects::LocalEntry;

inline namespace v2 {

// What lies where version 1 has its only member.
struct Padding {
    uint64_t words[3] = {0x5D5D'5D5D'5D5D'5D5D, 0x5D5D'5D5D'5D5D'5D5D, 0x5D5D'5D5D'5D5D'5D5D};
};

class FileRepresentativeDisk final : public objects::Rep<FileRepresentative> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit FileRepresentativeDisk(objects::Root& root) : Rep(root) {}
    FileRepresentativeDisk(objects::Root& root, const Creation& creation) : Rep(root), m_file(creation.file) {}
    ~FileRepresentativeDisk()
    {
        if (m_file != nullptr && m_file->represented)
            kernel::destroy(m_file);
    }

    Status start_read(uint64_t page, PageTransfer* transfer, Ticket* ticket) override
    {
        return m_file->volume.start_read(*m_file, page, *transfer, *ticket);
    }
    Status start_write(uint64_t page, PageTransfer* transfer, Ticket* ticket) override
    {
        return m_file->volume.start_write(*m_file, page, *transfer, *ticket);
    }
    Result<uint64_t> length() override { return m_file->volume.length(*m_file); }
    Status set_length(uint64_t bytes, Ticket* ticket) override
    {
        return m_file->volume.set_length(*m_file, bytes, *ticket);
    }
    Status sync_metadata(Ticket* ticket) override { return m_file->volume.sync(*m_file, *ticket); }
    Result<LocalEntry*> file_cache() override { return m_file->volume.cache_of(*m_file); }
    Result<uint64_t> inode() override { return uint64_t{m_file->inode}; }

    OpenFile*& state() { return m_file; }
    OpenFile* const& state() const { return m_file; }

private:
    Padding m_padding;
    OpenFile* m_file = nullptr;
};

class FileSystemDisk final : public objects::Rep<FileSystem> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit FileSystemDisk(objects::Root& root) : Rep(root) {}
    FileSystemDisk(objects::Root& root, const Creation& creation) : Rep(root), m_volume(creation.volume) {}
    ~FileSystemDisk() { kernel::destroy(m_volume); }

    Status make_directory(const char* path, Ticket* ticket) override
    {
        return m_volume->create(path, abi::InodeType::DIRECTORY, *ticket);
    }
    Status create_file(const char* path, Ticket* ticket) override
    {
        return m_volume->create(path, abi::InodeType::FILE, *ticket);
    }
    Status remove(const char* path, Ticket* ticket) override { return m_volume->remove(path, *ticket); }
    Result<LocalEntry*> open(const char* path, Ticket* ticket) override { return m_volume->open(path, *ticket); }
    Status open_again(LocalEntry* file) override
    {
        return m_volume->open_again(TRY(objects::Ref<FileRepresentative>(file)->inode()));
    }
    Status close(LocalEntry* file, Ticket* ticket) override
    {
        return m_volume->close(TRY(objects::Ref<FileRepresentative>(file)->inode()), *ticket);
    }
    Result<uint64_t> list(const char* path, uint64_t position, FileName* name, Ticket* ticket) override
    {
        return m_volume->list(path, position, *name, *ticket);
    }
    Status sync(Ticket* ticket) override { return m_volume->sync(*ticket); }
    Status statistics(FileStatistics* statistics) override
    {
        m_volume->statistics(*statistics);
        return {};
    }
    Result<uint64_t> shrink(Ticket* ticket) override { return m_volume->shrink(*ticket); }

    Volume*& state() { return m_volume; }
    Volume* const& state() const { return m_volume; }

private:
    Padding m_padding;
    Volume* m_volume = nullptr;
};

using FileRepresentativeDiskRoot
    = WholeStateRoot<FileRepresentativeDisk, OpenFile*, FileRepresentative, file_representative_format>;
using FileSystemDiskRoot = WholeStateRoot<FileSystemDisk, Volume*, FileSystem, file_system_format>;

constinit objects::FactoryMadeClass FileRepresentativeDisk::descriptor
    = objects::factory_class<FileRepresentativeDiskRoot>("FileRepresentativeDisk", "FileRepresentative", 2);
constinit objects::FactoryMadeClass FileSystemDisk::descriptor
    = objects::factory_class<FileSystemDiskRoot>("FileSystemDisk", "FileSystem", 2);

}

}

extern "C" kernel::Status module_init()
{
    TRY(objects::update_class(services::FileRepresentativeDisk::descriptor));
    return objects::update_class(services::FileSystemDisk::descriptor);
}
