#include "services/files/geometry.h"

#include "devices/disk.h"
#include "kernel/heap.h"
#include "services/files/block_set.h"
#include "services/files/checksum.h"

namespace services {

using kernel::Code;
using kernel::Status;

namespace {

constexpr uint64_t words_per_block = abi::DISK_BLOCK_SIZE / sizeof(uint64_t);
// Blocks that are looked at and cleared at a time.
constexpr uint64_t batch = 128;

class Buffer {
public:
    Buffer() : m_words(static_cast<uint64_t*>(kernel::allocate(batch * abi::DISK_BLOCK_SIZE, kernel::Tag::Service))) {}
    ~Buffer() { kernel::deallocate(m_words); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    uint64_t* words() const { return m_words; }
    void clear(uint64_t blocks)
    {
        for (uint64_t i = 0; i < blocks * words_per_block; ++i)
            m_words[i] = 0;
    }
    bool is_clear(uint64_t blocks) const
    {
        uint64_t any = 0;
        for (uint64_t i = 0; i < blocks * words_per_block; ++i)
            any |= m_words[i];
        return any == 0;
    }

private:
    uint64_t* m_words;
};

uint64_t round_up(uint64_t number, uint64_t unit) { return (number + unit - 1) / unit; }

Status write_block(uint64_t block, Buffer& buffer)
{
    return devices::transfer_and_wait(abi::DiskOperation::WRITE, block, 1, buffer.words());
}

// What is zero already is not written: a blank disk stays small.
Status clear_blocks(uint64_t first, uint64_t count, Buffer& buffer)
{
    for (uint64_t done = 0; done < count; done += batch) {
        const uint64_t now = count - done < batch ? count - done : batch;
        TRY(devices::transfer_and_wait(abi::DiskOperation::READ, first + done, now, buffer.words()));
        if (buffer.is_clear(now))
            continue;
        buffer.clear(now);
        TRY(devices::transfer_and_wait(abi::DiskOperation::WRITE, first + done, now, buffer.words()));
    }
    return {};
}

// Used: everything before the data, and what is beyond the disk's end.
Status write_map(const Geometry& geometry, Buffer& buffer)
{
    for (uint64_t index = 0; index < geometry.map_blocks; ++index) {
        buffer.clear(1);
        for (uint64_t bit = 0; bit < map_bits_per_block; ++bit) {
            const uint64_t block = index * map_bits_per_block + bit;
            if (block < geometry.data_first || block >= geometry.blocks)
                buffer.words()[bit / BlockSet::word_bits] |= BlockSet::mask(bit);
        }
        TRY(write_block(geometry.map_first + index, buffer));
    }
    return {};
}

Status write_root(const Geometry& geometry, Buffer& buffer)
{
    buffer.clear(1);
    auto& root = reinterpret_cast<abi::Inode*>(buffer.words())[abi::ROOT_INODE];
    root.type = static_cast<uint16_t>(abi::InodeType::DIRECTORY);
    root.links = 1;
    return write_block(geometry.inode_first, buffer);
}

Status write_superblock(const Geometry& geometry, Buffer& buffer)
{
    buffer.clear(1);
    geometry.write(*reinterpret_cast<abi::Superblock*>(buffer.words()));
    return write_block(abi::FILE_SYSTEM_FIRST_BLOCK, buffer);
}

uint64_t checksum_of_superblock(const abi::Superblock& superblock)
{
    return checksum_of(&superblock, offsetof(abi::Superblock, checksum) / sizeof(uint64_t));
}

}

Geometry Geometry::of(uint64_t blocks)
{
    Geometry made;
    made.blocks = blocks < abi::FILE_SYSTEM_BLOCKS_MAX ? blocks : abi::FILE_SYSTEM_BLOCKS_MAX;
    made.log_first = abi::FILE_SYSTEM_FIRST_BLOCK + 1;
    made.map_first = made.log_first + abi::LOG_BLOCKS;
    made.map_blocks = round_up(made.blocks, map_bits_per_block);
    made.inode_first = made.map_first + made.map_blocks;
    made.inode_blocks = round_up(made.blocks * abi::INODES_PER_DISK_BLOCK, abi::INODES_PER_BLOCK);
    made.data_first = made.inode_first + made.inode_blocks;
    return made;
}

Status Geometry::read(const abi::Superblock& superblock, uint64_t disk_blocks)
{
    const Geometry expected = of(superblock.blocks);
    const bool right = superblock.magic == abi::FILE_SYSTEM_MAGIC && superblock.version == abi::FILE_SYSTEM_VERSION
        && superblock.checksum == checksum_of_superblock(superblock) && superblock.blocks <= disk_blocks;
    if (!right || superblock.data_first != expected.data_first)
        return Code::INVALID;
    *this = expected;
    return {};
}

void Geometry::write(abi::Superblock& superblock) const
{
    superblock = {abi::FILE_SYSTEM_MAGIC, abi::FILE_SYSTEM_VERSION, blocks, log_first, map_first, map_blocks,
                  inode_first, inode_blocks, data_first, 0};
    superblock.checksum = checksum_of_superblock(superblock);
}

// The superblock comes last and alone: before it is durable, the next start finds a disk without a file system.
Status format(const Geometry& geometry)
{
    Buffer buffer;
    if (buffer.words() == nullptr)
        return Code::NO_MEMORY;
    TRY(clear_blocks(geometry.log_first, abi::LOG_BLOCKS, buffer));
    TRY(clear_blocks(geometry.inode_first, geometry.inode_blocks, buffer));
    TRY(write_map(geometry, buffer));
    TRY(write_root(geometry, buffer));
    TRY(devices::transfer_and_wait(abi::DiskOperation::FLUSH, 0, 0, nullptr));
    TRY(write_superblock(geometry, buffer));
    return devices::transfer_and_wait(abi::DiskOperation::FLUSH, 0, 0, nullptr);
}

}
