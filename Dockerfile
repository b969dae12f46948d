# Operator, gateway and runner; the arguments of the container choose. Without Docker: `gymctl images build`.
FROM registry.k8s.io/kubectl:v1.35.4 AS kubectl

FROM node:24-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY --from=kubectl /bin/kubectl /usr/local/bin/kubectl
COPY src ./src
COPY crds ./crds
COPY sample_app/rendered ./sample_app/rendered
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "src/cli/gymctl.ts"]
