// The encoding of values, written and read.
#include "devices/value_stream.h"

#include "kernel/test.h"
#include "kernel/text.h"

namespace devices {

namespace {

class BufferWriter : public ValueWriter {
public:
    explicit BufferWriter(size_t size = sizeof(m_storage)) : ValueWriter(m_storage, size) {}
    ~BufferWriter() = default;
    ValueReader reader() const { return {data(), used()}; }
    bool was_dropped() const { return dropped(); }
    size_t size() const { return used(); }

private:
    bool make_room() override { return false; }
    uint8_t m_storage[128];
};

kernel::Test round_trip{"values.round_trip", [] {
    BufferWriter writer;
    writer.number(~uint64_t{0});
    writer.begin_list();
    writer.text("name");
    writer.bytes("\1\2", 2);
    writer.end_list();
    ValueReader reader = writer.reader();
    EXPECT(reader.number().value() == ~uint64_t{0});
    EXPECT(reader.begin_list().ok());
    EXPECT(reader.more_in_list());
    char text[8];
    EXPECT(reader.text(text, sizeof text).ok() && kernel::equal(text, "name"));
    ValueReader::Bytes bytes{};
    EXPECT(reader.bytes(bytes).ok() && bytes.size == 2 && bytes.data[1] == 2);
    EXPECT(!reader.more_in_list());
    EXPECT(reader.end_list().ok());
    EXPECT(reader.at_end());
}};

kernel::Test wrong_type{"values.wrong_type_is_not_taken", [] {
    BufferWriter writer;
    writer.text("seven");
    ValueReader reader = writer.reader();
    char small[5];
    ValueReader::Bytes bytes{};
    EXPECT(reader.number().code() == Code::INVALID);
    EXPECT(reader.bytes(bytes) == Code::INVALID);
    EXPECT(reader.begin_list() == Code::INVALID);
    EXPECT(reader.end_list() == Code::INVALID);
    EXPECT(reader.text(small, sizeof small) == Code::TOO_LARGE);
    char text[6];
    EXPECT(reader.text(text, sizeof text).ok());
    EXPECT(reader.at_end());
    EXPECT(reader.number().code() == Code::INVALID);
}};

kernel::Test truncated{"values.truncated", [] {
    BufferWriter writer;
    writer.number(5);
    writer.text("text");
    const auto whole = writer.reader().rest();
    char text[8];
    for (size_t size = 0; size < whole.size; ++size) {
        ValueReader reader(whole.data, size);
        const bool number = reader.number().ok();
        EXPECT(number == (size >= 9));
        EXPECT(!number || !reader.text(text, sizeof text).ok());
    }
}};

kernel::Test full{"values.full_buffer", [] {
    BufferWriter writer(12);
    writer.number(1);
    EXPECT(!writer.was_dropped());
    writer.number(2);
    EXPECT(writer.was_dropped());
    EXPECT(writer.size() == 12);
}};

}

}
