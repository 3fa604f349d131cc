#include "ncprune/base/environment.h"

namespace ncprune {

const std::vector<EnvironmentVariable>& environment_variables() {
  static const std::vector<EnvironmentVariable> table{
      {"NCPRUNE_DATA", "The folder of the named data sets."},
      {"NCPRUNE_ONNXRUNTIME", "The file libonnxruntime.so.1, which is loaded when it is needed."},
      {"OMP_NUM_THREADS", "The number of threads, unless --threads gives it."},
      {"OMP_WAIT_POLICY", "Whether waiting threads spin or sleep; by default they spin briefly."},
      {"CC", "The C compiler that builds compiled networks, with arguments; by default cc."},
      {"TMPDIR", "The folder of temporary files; by default /tmp."},
      {"CUDA_VISIBLE_DEVICES", "The CUDA devices that may be used; --device cuda uses the first."},
      {"RANK", "The rank of this process among several, as torchrun sets it."},
      {"WORLD_SIZE", "The number of processes, as torchrun sets it."},
      {"OMPI_COMM_WORLD_RANK", "The rank of this process, as mpirun sets it."},
      {"OMPI_COMM_WORLD_SIZE", "The number of processes, as mpirun sets it."},
      {"SLURM_PROCID", "The rank of this process, as srun sets it."},
      {"SLURM_NTASKS", "The number of processes, as srun sets it."},
      {"SLURM_JOB_ID", "The name of the job, as srun sets it."},
      {"SLURM_JOB_NODELIST",
       "The hosts of the job; rank 0 is on the first, unless MASTER_ADDR is set."},
      {"MASTER_ADDR", "The host of rank 0."},
      {"MASTER_PORT", "The port of rank 0; by default 29500."},
      {"GLOO_SOCKET_IFNAME", "The network interface through which the processes communicate."},
      {"TORCHELASTIC_RUN_ID", "The name of the job, as torchrun sets it."},
      {"TORCHELASTIC_USE_AGENT_STORE", "Whether torchrun serves the store at MASTER_PORT."},
      {"NCPRUNE_STUDY", "Set by a study for the processes that it starts."}};
  return table;
}

}  // namespace ncprune
