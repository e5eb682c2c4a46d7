#include "services/files/log.h"

#include "devices/disk.h"
#include "kernel/panic.h"
#include "services/files/checksum.h"

namespace services {

using kernel::Code;
using kernel::Status;

namespace {

constexpr uint64_t words_per_block = abi::DISK_BLOCK_SIZE / sizeof(uint64_t);

Status flush() { return devices::transfer_and_wait(abi::DiskOperation::FLUSH, 0, 0, nullptr); }

}

Status Log::start(const Geometry& geometry)
{
    m_geometry = &geometry;
    m_mirror = static_cast<uint8_t*>(kernel::allocate((abi::LOG_BLOCKS + 1) * abi::DISK_BLOCK_SIZE, kernel::Tag::Service));
    if (m_mirror == nullptr)
        return Code::NO_MEMORY;
    return m_blocks.start(geometry.map_blocks * map_bits_per_block);
}

Status Log::recover()
{
    TRY(devices::transfer_and_wait(abi::DiskOperation::READ, m_geometry->log_first, abi::LOG_BLOCKS, m_mirror));
    find_transactions();
    return m_position == 0 ? Status() : empty();
}

void Log::find_transactions()
{
    uint64_t sequence = header(0).sequence;
    while (m_position < abi::LOG_BLOCKS && valid(m_position, sequence)) {
        auto& found = header(m_position);
        m_home[m_position] = 0;
        for (uint64_t i = 0; i < found.count; ++i)
            m_home[m_position + 1 + i] = found.homes[i];
        m_position += 1 + found.count;
        m_sequence = ++sequence;
    }
}

bool Log::valid(uint64_t position, uint64_t sequence) const
{
    auto& found = header(position);
    return found.magic == abi::LOG_MAGIC && found.sequence == sequence && found.count <= abi::LOG_TRANSACTION_MAX
        && position + 1 + found.count <= abi::LOG_BLOCKS && found.checksum == sum(found);
}

void Log::begin()
{
    m_adding = 0;
    __builtin_memset(image(m_position), 0, abi::DISK_BLOCK_SIZE);
}

void Log::add(const MetadataBlock& block)
{
    const uint64_t position = m_position + ++m_adding;
    kernel::check(position < abi::LOG_BLOCKS && m_adding <= abi::LOG_TRANSACTION_MAX, "a transaction is too large");
    __builtin_memcpy(image(position), block.data(), abi::DISK_BLOCK_SIZE);
    m_home[position] = static_cast<uint32_t>(block.block());
    m_blocks.add(block.block());
}

Status Log::write()
{
    auto& written = header(m_position);
    written.magic = abi::LOG_MAGIC;
    written.sequence = m_sequence;
    written.count = m_adding;
    for (uint64_t i = 0; i < m_adding; ++i)
        written.homes[i] = m_home[m_position + 1 + i];
    written.checksum = sum(written);
    return devices::transfer_and_wait(abi::DiskOperation::WRITE, m_geometry->log_first + m_position, 1 + m_adding,
        image(m_position));
}

void Log::accept()
{
    m_home[m_position] = 0;
    m_position += 1 + m_adding;
    m_adding = 0;
    ++m_sequence;
}

Status Log::empty()
{
    TRY(write_home());
    TRY(flush());
    return restart();
}

Status Log::write_home()
{
    for (uint64_t position = 0; position < m_position; ++position) {
        if (m_home[position] == 0 || !newest(position))
            continue;
        TRY(devices::transfer_and_wait(abi::DiskOperation::WRITE, m_home[position], 1, image(position)));
    }
    return {};
}

bool Log::newest(uint64_t position) const
{
    for (uint64_t later = position + 1; later < m_position; ++later) {
        if (m_home[later] == m_home[position])
            return false;
    }
    return true;
}

// An empty transaction takes the first place: the old ones are not found any more.
Status Log::restart()
{
    m_must_restart = true;
    auto& first = header(abi::LOG_BLOCKS);
    __builtin_memset(&first, 0, abi::DISK_BLOCK_SIZE);
    first.magic = abi::LOG_MAGIC;
    first.sequence = m_sequence;
    first.checksum = sum(first);
    TRY(devices::transfer_and_wait(abi::DiskOperation::WRITE, m_geometry->log_first, 1, &first));
    TRY(flush());
    m_home[0] = 0;
    m_position = 1;
    ++m_sequence;
    m_blocks.clear();
    m_must_restart = false;
    return {};
}

abi::LogHeader& Log::header(uint64_t position) const { return *reinterpret_cast<abi::LogHeader*>(image(position)); }

uint64_t Log::sum(abi::LogHeader& header)
{
    const uint64_t kept = header.checksum;
    header.checksum = 0;
    const uint64_t found = checksum_of(&header, (1 + header.count) * words_per_block);
    header.checksum = kept;
    return found;
}

}
