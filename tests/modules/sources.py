"""C++ of a fake kernel and of modules that make the compiler use every relocation it knows."""

KERNEL = r"""
extern "C" {
long kernel_counter = 7;
extern const long kernel_limits[4];
const long kernel_limits[4] = {1, 2, 3, 4};
int kernel_print(const char* text, ...) { return text[0] + static_cast<int>(kernel_counter); }
void kernel_lock(long* word) { *word += kernel_limits[1]; }
}
struct Base {
    virtual int first(int value);
    virtual int second();
    int m_member;
};
int Base::first(int value) { return value + m_member; }
int Base::second() { return kernel_print("second"); }
"""

MODULE = r"""
extern "C" {
extern long kernel_counter;
extern const long kernel_limits[4];
int kernel_print(const char* text, ...);
void kernel_lock(long* word);
[[gnu::weak]] void kernel_optional(int value);
}
struct Base {
    virtual int first(int value);
    virtual int second();
    int m_member;
};
inline namespace v2 {
struct Derived final : Base {
    int first(int value) override;
    int second() override;
    virtual int third(int selector);
    long m_words[3];
};
}
template <typename T> struct Table {
    static T pick(int index) { static const T values[] = {T{1}, T{2}, T{3}, T{5}}; return values[index & 3]; }
    virtual T at(int index) { return pick(index); }
};
static long own_state[20];
static const char* const names[] = {"alpha", "beta", "gamma"};
long shared_state = 3;
static int (*const handlers[])(const char*, ...) = {kernel_print, kernel_print};

[[gnu::noinline]] static int helper(int value) {
    own_state[value & 15] += value;
    return kernel_print(names[value % 3]);
}
int Derived::first(int value) { kernel_lock(&m_words[1]); return Base::first(value) + helper(value); }
int Derived::second() { return kernel_print("derived %d", m_member) + handlers[m_member & 1]("x"); }
int Derived::third(int selector) {
    switch (selector) {
    case 0: return helper(1);
    case 1: return kernel_print("one");
    case 2: kernel_counter++; return 9;
    case 3: return static_cast<int>(kernel_limits[selector & 3]);
    case 4: return second();
    case 5: return static_cast<int>(shared_state);
    case 6: return names[2][1];
    case 7: return first(8);
    default: return -1;
    }
}
struct Starter { Starter() { kernel_lock(&shared_state); } };
static Starter starter;
static Derived instance;
static Table<short> table;
extern "C" long module_init() {
    if (kernel_optional) { own_state[3] = 5; }
    instance.m_words[2] = reinterpret_cast<long>(&own_state[4]);
    Table<short>* volatile other = &table;
    return instance.third(static_cast<int>(kernel_counter)) + other->at(2);
}
extern "C" void module_exit() { kernel_lock(own_state); }
[[gnu::used]] static void* const pinned[] = {&shared_state, (void*)&kernel_limits[2], (void*)module_init};
[[gnu::used]] static long own_pointer = reinterpret_cast<long>(&own_state[7]);
"""
