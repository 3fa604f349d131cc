#include "ncprune/distributed/world.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <netdb.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <vector>

#include "ncprune/base/runtime.h"
#include "ncprune/distributed/tcp_store.h"

namespace ncprune {
namespace {

struct World {
  Launch launch;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group;
  int64_t threads = 1;  // the most that any process has
};

// Never destroyed: when a process fails, the others may no longer answer.
World& world() {
  static auto* instance = new World;
  return *instance;
}

// The numeric address of this machine on the route to `host`, where the other processes can reach
// it on the network of rank 0. Machines need not resolve each other's names.
std::string address_towards(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype =
      SOCK_DGRAM;  // connecting a datagram socket selects the route and sends nothing
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), "9", &wanted, &found);
  if (error != 0) throw InputError(gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  for (const addrinfo* way = found; way != nullptr; way = way->ai_next) {
    const int probe = socket(way->ai_family, way->ai_socktype, way->ai_protocol);
    if (probe < 0) continue;
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    std::array<char, NI_MAXHOST> text{};
    auto* const here = reinterpret_cast<sockaddr*>(&address);
    const bool known =
        connect(probe, way->ai_addr, way->ai_addrlen) == 0 &&
        getsockname(probe, here, &length) == 0 &&
        getnameinfo(here, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0;
    close(probe);
    if (known) return text.data();
  }
  throw InputError("no route to that host");
}

std::shared_ptr<gloo::transport::Device> device_for(const Launch& launch) {
  using Group = c10d::ProcessGroupGloo;
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
  if (interface != nullptr) return Group::createDeviceForInterface(interface);
  return Group::createDeviceForHostname(address_towards(launch.host));
}

// While it lives, threads that this thread starts do not preempt other threads when they wake.
// Gloo's threads would: the sending thread may hold the lock of their connection when it is
// preempted, and Gloo's thread then spins on that lock for milliseconds, until its time slice ends.
// With this a small sum on a dedicated core takes 0.1 ms instead of 2.
class PoliteThreads {
 public:
  PoliteThreads() : policy_(sched_getscheduler(0)) {
    if (policy_ == SCHED_OTHER) set(SCHED_BATCH);
  }
  ~PoliteThreads() {
    if (policy_ == SCHED_OTHER) set(SCHED_OTHER);
  }
  PoliteThreads(const PoliteThreads&) = delete;
  PoliteThreads& operator=(const PoliteThreads&) = delete;

 private:
  static void set(int policy) {
    const sched_param none{};
    sched_setscheduler(0, policy, &none);
  }
  int policy_;
};

template <typename Work>
auto guarded(const Work& work) {
  return guard_network("another process of this job has ended or does not answer", work);
}

// Waits until all processes have connected. Gloo alone waits for a missing process as long as for a
// working one.
void meet(c10d::Store& store, const Launch& launch, std::chrono::milliseconds most) {
  const auto name = [](int64_t rank) { return fmt::format("here/{}", rank); };
  store.set(name(launch.rank), std::vector<uint8_t>{1});
  std::vector<std::string> all;
  for (int64_t rank = 0; rank < launch.size; ++rank) all.push_back(name(rank));
  store.wait(all, most);
}

// The parts of all processes, [size, ...] by rank. In every exchange a process sends all the parts
// that it has and so doubles them (Bruck et al. 1997): log2(size) exchanges, where a ring has 2
// (size - 1), for more bytes.
at::Tensor parts_of_all(const at::Tensor& part) {
  const int64_t rank = world_rank();
  const int64_t size = world_size();
  std::vector<int64_t> shape = part.sizes().vec();
  shape.insert(shape.begin(), size);
  const at::Tensor parts =
      at::empty(shape, part.options());  // first of this rank, then of the next
  parts[0].copy_(part);
  for (int64_t have = 1; have < size;) {
    const int64_t more = std::min(have, size - have);
    std::vector<at::Tensor> known{parts.slice(0, 0, more)};
    std::vector<at::Tensor> wanted{parts.slice(0, have, have + more)};
    const auto come =
        world().group->recv(wanted, static_cast<int>((rank + have) % size), /*tag=*/0);
    world().group->send(known, static_cast<int>((rank - have + size) % size), /*tag=*/0)->wait();
    come->wait();
    have += more;
  }
  return parts.roll(rank, 0);
}

at::Tensor reduced(at::Tensor part, c10d::ReduceOp operation) {
  return guarded([&] {
    // At 50 us per message and 10 Gbit/s, the ring's 2 (size - 1) messages take longer than sending
    // this size - 1 times, for every size.
    constexpr size_t kSmallBytes = size_t{1} << 17;
    if (part.nbytes() <= kSmallBytes) {
      const at::Tensor parts = parts_of_all(part);
      return operation == c10d::ReduceOp::MAX ? parts.amax(0)
                                              : parts.sum(0, false, part.scalar_type());
    }
    std::vector<at::Tensor> tensors{part.contiguous()};
    c10d::AllreduceOptions options;
    options.reduceOp = operation;
    world().group->allreduce(tensors, options)->wait();
    return tensors.front();
  });
}

// The form of a tensor as numbers whose maximum over all processes is the form in those processes
// that have the tensor.
constexpr int64_t kMaxAxes = 4;
at::Tensor looks_of(const at::Tensor& tensor) {
  std::array<int64_t, kMaxAxes + 2> looks{};
  if (tensor.defined()) {
    TORCH_INTERNAL_ASSERT(tensor.dim() <= kMaxAxes);
    looks[0] = 1 + static_cast<int64_t>(tensor.scalar_type());
    looks[1] = tensor.dim();
    for (int64_t axis = 0; axis < tensor.dim(); ++axis) {
      looks[static_cast<size_t>(axis) + 2] = tensor.size(axis);
    }
  }
  return at::tensor(at::ArrayRef<int64_t>(looks), at::kLong);
}

// `part`, or a tensor full of `filling` in the shape that the others have; undefined when no
// process has one.
at::Tensor filled(at::Tensor part, double filling) {
  const at::Tensor looks = reduced(looks_of(part), c10d::ReduceOp::MAX);
  const auto view = elements<int64_t>(looks);
  if (part.defined() || view[0] == 0) return part;
  const auto axes = static_cast<size_t>(view[1]);
  return at::full(at::IntArrayRef(view.data() + 2, axes), filling,
                  at::TensorOptions(static_cast<at::ScalarType>(view[0] - 1)));
}

}  // namespace

void join_world(const Launch& launch, std::chrono::seconds patience) {
  constexpr std::chrono::minutes kSilence{10};
  const std::string place = fmt::format("{}:{}", launch.host, launch.port);
  guard_network(
      fmt::format("the {} processes of this job cannot connect at {}", launch.size, place), [&] {
        const bool serve = launch.rank == 0 && !launch.served;
        const auto server =
            serve ? serve_tcp_store(launch.port)
                  : join_tcp_store(launch.host, launch.port, static_cast<int>(patience.count()));
        server->setTimeout(patience);
        const auto store =
            c10::make_intrusive<c10d::PrefixStore>("ncprune/world/" + launch.job, server);
        meet(*store, launch, patience);
        auto options = c10d::ProcessGroupGloo::Options::create(kSilence);
        const PoliteThreads polite;
        options->devices.push_back(device_for(launch));
        world().group = c10::make_intrusive<c10d::ProcessGroupGloo>(
            store, static_cast<int>(launch.rank), static_cast<int>(launch.size), options);
        world().launch = launch;
        world().threads =
            reduced(at::full({}, thread_count(), at::kLong), c10d::ReduceOp::MAX).item<int64_t>();
        return 0;
      });
}

void leave_world() {
  if (world_size() > 1) guarded([] { return world().group->barrier()->wait(); });
}

int64_t world_rank() {
  return world().launch.rank;
}

int64_t world_size() {
  return world().launch.size;
}

int64_t world_threads() {
  return world_size() == 1 ? thread_count() : world().threads;
}

at::Tensor sum_over_world(at::Tensor part) {
  if (world_size() == 1) return part;
  const at::Device device = part.device();
  return reduced(part.cpu(), c10d::ReduceOp::SUM).to(device);
}

at::Tensor sum_found(at::Tensor part) {
  if (part.defined()) part = part.cpu();
  if (world_size() == 1) return part;
  at::Tensor all = filled(std::move(part), 0);
  return all.defined() ? reduced(std::move(all), c10d::ReduceOp::SUM) : all;
}

at::Tensor largest_found(at::Tensor part) {
  if (part.defined()) part = part.cpu();
  if (world_size() == 1) return part;
  at::Tensor all = filled(std::move(part), -std::numeric_limits<double>::infinity());
  return all.defined() ? reduced(std::move(all), c10d::ReduceOp::MAX) : all;
}

at::Tensor gather_rows(const at::Tensor& rows, int64_t first, int64_t size) {
  if (world_size() == 1) return rows;
  at::Tensor all;
  if (rows.defined()) {
    std::vector<int64_t> shape = rows.sizes().vec();
    shape.front() = size;
    all = at::zeros(shape, rows.options());
    all.slice(0, first, first + rows.size(0)).copy_(rows);
  }
  return sum_found(std::move(all));
}

Share world_share(int64_t size) {
  const int64_t rank = world_rank();
  return {size * rank / world_size(), size * (rank + 1) / world_size()};
}

}  // namespace ncprune
