#include "ncprune/compile/compile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "ncprune/base/error.h"
#include "ncprune/compile/lowering.h"
#include "ncprune/compile/passes.h"
#include "ncprune/compile/source_writer.h"
#include "ncprune/onnx/fold.h"
#include "ncprune/onnx/normalisation.h"
#include "ncprune/prune/shrink.h"

namespace ncprune {
namespace {

// A string literal: everything but plain letters, digits and spaces as octal escapes, so that no
// name can end the literal or the line.
std::string c_string(const std::string& text) {
  std::string literal = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == ' ' || c == '_' || c == '-' || c == '.';
    literal += plain && byte < 0x80 ? std::string(1, c) : fmt::format("\\{:03o}", byte);
  }
  return literal + "\"";
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string header_text(const std::string& name, const Program& program, const Network& network,
                        int64_t batch) {
  const std::string macro = upper(name);
  const auto& input = program.values[program.input].shape;
  const auto& output = program.values[program.output].shape;
  std::string text = fmt::format(
      "/* Written by ncprune compile. */\n#ifndef {0}_H\n#define {0}_H\n\n#include <stddef.h>\n\n"
      "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n"
      "#define {0}_BATCH {1}\n#define {0}_INPUT_SIZE {2}  /* floats of one sample: [{3}] */\n"
      "#define {0}_CLASSES {4}\n\n",
      macro, batch, element_count(input), fmt::join(input.begin() + 1, input.end(), ", "),
      element_count(output));
  const Metadata& metadata = network.metadata;
  if (metadata.input_mean.defined() || metadata.input_scale.defined()) {
    text +=
        "/* The caller normalises the input: the graph takes other axes than raw samples have. "
        "*/\n";
  }
  if (!metadata.class_names.empty()) {
    text += fmt::format(
        "/* In the order of the scores. */\nextern const char* const {}_class_names[{}];\n\n", name,
        metadata.class_names.size());
  }
  return text +
         fmt::format(
             "/* Bytes of memory that a run needs. */\nsize_t {0}_workspace(void);\n\n"
             "/* input: {1}_BATCH samples of {1}_INPUT_SIZE floats; output: as many times "
             "{1}_CLASSES class\n"
             "   scores. Threads may run at the same time, each with a workspace of its own. */\n"
             "void {0}_run(const float* input, float* output, void* workspace);\n\n"
             "#ifdef __cplusplus\n}}\n#endif\n\n#endif\n",
             name, macro);
}

std::string class_names_text(const std::string& name, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = fmt::format(
      "extern const char* const {0}_class_names[{1}];\n"
      "const char* const {0}_class_names[{1}] = {{\n",
      name, names.size());
  for (const std::string& own : names) text += "  " + c_string(own) + ",\n";
  return text + "};\n\n";
}

}  // namespace

std::string function_prefix(const std::string& name) {
  std::string identifier;
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    identifier += fits ? c : '_';
  }
  if (identifier.empty() || std::isdigit(static_cast<unsigned char>(identifier.front())) != 0) {
    identifier = "network_" + identifier;
  }
  return identifier;
}

Network with_input_normalisation(Network network) {
  network.metadata.other[kNormalisationEntry] = kInGraph;
  return with_file_normalisation(std::move(network));
}

CompiledSource compile(const Network& network, const CompileOptions& options) {
  if (options.batch < 1 || options.batch > 65536) {
    throw InputError(fmt::format("batch {} is outside [1, 65536]", options.batch));
  }
  const at::NoGradGuard no_grad;
  const Network whole = with_input_normalisation(shrink(network).network);
  const Network folded = fold_constants(fold_shapes(whole));
  ProgramBuilder builder(folded);
  Program program = plan_memory(assign_layouts(fuse(builder.finish())));

  SourceWriter writer(program, options.weights);
  for (const Step& step : program.steps) {
    if (const auto* convolution = std::get_if<ConvolutionStep>(&step)) {
      write_convolution(writer, *convolution);
    } else if (const auto* product = std::get_if<ProductStep>(&step)) {
      write_product(writer, *product);
    } else {
      write_elementwise(writer, step);
      write_other(writer, step);
    }
    writer.wrote(written_by(step));
  }
  require_affordable_workspace(writer.workspace_floats());  // with what the steps added
  const std::string name = function_prefix(options.name);
  const int64_t bytes = 4 * writer.workspace_floats() + 64;
  std::string source = "/* Written by ncprune compile. */\n" + writer.definitions() +
                       class_names_text(name, folded.metadata.class_names);
  source += fmt::format(
      "static void nc_sample(const float* input, float* output, float* ws) {{\n"
      "  (void)input;\n  (void)ws;\n{0}}}\n\n"
      "size_t {1}_workspace(void);\nvoid {1}_run(const float* input, float* output, void* "
      "workspace);\n\n"
      "size_t {1}_workspace(void) {{ return {2}; }}\n\n"
      "void {1}_run(const float* input, float* output, void* workspace) {{\n"
      "  float* ws = (float*)(((uintptr_t)workspace + 63) & ~(uintptr_t)63);\n{3}"
      "  for (int n = 0; n < {4}; ++n) {{\n"
      "    nc_sample(input + (size_t)n * {5}, output + (size_t)n * {6}, ws);\n  }}\n}}\n",
      writer.calls(), name, bytes, writer.prologue(), options.batch,
      element_count(program.values[program.input].shape),
      element_count(program.values[program.output].shape));
  return {std::move(source), header_text(name, program, folded, options.batch),
          writer.constant_bytes(), bytes};
}

}  // namespace ncprune
