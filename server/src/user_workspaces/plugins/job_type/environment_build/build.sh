# Builds an environment as the user, in the workspace: `bash build.sh conda <file>` or `bash build.sh r <file>`.
# Its last line with "uws: " is the result.

kind=$1 file=$2 folder=$PWD/.environment

end() {
  printf 'uws: %s\n' "$1"
  exit "$2"
}

make_conda() {
  local tool name new=$folder/conda-$UWS_JOB_ID
  tool=$(command -v micromamba || command -v mamba || command -v conda || command -v pixi) || end \
    "This server has no conda (micromamba, conda, mamba or pixi). List Python packages in a requirements.txt, or under pip only." 3
  name=${tool##*/}
  rm -rf "$new"
  case $name in
    micromamba) micromamba create --yes --prefix "$new" --file "$file" ;;
    mamba | conda) "$name" env create --prefix "$new" --file "$file" ;;
    pixi) pixi init --import "$file" "$new.pixi" && pixi install --manifest-path "$new.pixi" &&
      ln -s "$new.pixi/.pixi/envs/default" "$new" ;;
  esac || end "$name could not create the environment of $file. See the log." 4
  [ -d "$new/bin" ] || end "$name did not create an environment from $file." 4
  add_kernel "$new" || end "The kernel of $file could not be written." 4
  # A rename replaces a link atomically. The previous environment stays: kernels may still use it.
  local before=$(readlink "$folder/conda")
  ln -sfn "${new##*/}" "$folder/conda.new" && mv -T "$folder/conda.new" "$folder/conda" || end "The disk may be full." 4
  for old in "$folder"/conda-*; do
    case ${old##*/} in "${new##*/}"* | "${before:-none}"*) ;; *) rm -rf "$old" ;; esac
  done
}

add_kernel() {
  local kernels=$1/share/jupyter/kernels
  [ -d "$kernels/python3" ] || return 0  # none without ipykernel
  mkdir -p "$kernels/conda" && "$1/bin/python" -I -c 'import json, sys; json.dump({"argv": [sys.argv[1], "-m",
    "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Python (" + sys.argv[2] + ")",
    "language": "python"}, open(sys.argv[3], "w"))' "$folder/conda/bin/python" "$file" "$kernels/conda/kernel.json"
}

make_r() {
  command -v Rscript > /dev/null || end "This server has no R, so install.R cannot be run." 3
  [ -n "${R_LIBS_USER:-}" ] || end "The folder for R packages cannot be created. The disk may be full." 4
  Rscript "$file" || end "$file failed. See the log." 4
}

mkdir -p -m 700 "$folder" || end "The folder .environment cannot be created. The disk may be full." 4
# One build at a time, since each removes unknown folders. Programs do not inherit the lock: they may outlive the job.
exec 9> "$folder/.build" && flock 9 || end "The folder .environment cannot be locked." 4
[ -f "$file" ] || end "$file no longer exists." 4
"make_$kind" 9>&-
end done 0
